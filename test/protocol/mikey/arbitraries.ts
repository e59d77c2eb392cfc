/** MIKEY messages at random, for properties. */

import fc from "fast-check";
import type { CsIdMap, Header } from "../../../protocol/mikey/header.js";
import type { Identity } from "../../../protocol/mikey/identity.js";
import type { KeyData } from "../../../protocol/mikey/key-data.js";
import type { Message } from "../../../protocol/mikey/message.js";
import { MapTypes, PayloadTypes } from "../../../protocol/mikey/numbers.js";
import { type KeyValidity, macLength, type Payload } from "../../../protocol/mikey/payloads.js";
import { type Timestamp, timestampLength } from "../../../protocol/mikey/timestamps.js";

const byte = fc.nat({ max: 255 });
const word = fc.nat({ max: 0xffffffff });
const record = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }) =>
  fc.record(model, { noNullPrototype: true });

/** Plain Uint8Arrays of `min` to `max` bytes. */
export function bytes(min: number, max: number): fc.Arbitrary<Uint8Array> {
  return fc.array(byte, { minLength: min, maxLength: max }).map((list) => Uint8Array.from(list));
}
const exactly = (length: number) => bytes(length, length);

export const identities: fc.Arbitrary<Identity> = record<Identity>({ type: byte, data: bytes(0, 40) });

export const timestamps: fc.Arbitrary<Timestamp> = fc
  .constantFrom(0, 1, 2, 3)
  .chain((type) => exactly(timestampLength(type)!).map((value) => ({ type, value })));

const validities: fc.Arbitrary<KeyValidity> = fc.oneof(
  fc.constant<KeyValidity>({ type: 0 }),
  bytes(0, 20).map((spi): KeyValidity => ({ type: 1, spi })),
  fc.tuple(bytes(0, 8), bytes(0, 8)).map(([from, to]): KeyValidity => ({ type: 2, from, to })),
);

export const keyData: fc.Arbitrary<KeyData> = fc
  .tuple(fc.nat({ max: 15 }), bytes(0, 64), bytes(0, 20), validities)
  .map(([type, key, salt, validity]) =>
    [1, 3, 5].includes(type) ? { type, key, salt, validity } : { type, key, validity },
  );

const maps: fc.Arbitrary<CsIdMap> = fc.oneof(
  fc
    .array(record({ policy: byte, ssrc: word, roc: word }), { maxLength: 4 })
    .map((sessions): CsIdMap => ({ type: MapTypes.srtpId, sessions })),
  byte.map((count): CsIdMap => ({ type: MapTypes.empty, count })),
  fc
    .array(
      record({
        csId: byte,
        protocol: byte,
        sessionFlag: fc.boolean(),
        policies: fc.array(byte, { maxLength: 5 }),
        sessionData: fc.oneof(bytes(0, 12), exactly(300)),
        spi: bytes(0, 6),
      }),
      { maxLength: 3 },
    )
    .map((sessions): CsIdMap => ({ type: MapTypes.genericId, sessions })),
);

export const headers: fc.Arbitrary<Header> = record<Header>({
  dataType: byte,
  verify: fc.boolean(),
  prf: fc.nat({ max: 127 }),
  csbId: exactly(4),
  map: maps,
});

const macs = fc
  .constantFrom(0, 1, 2, 241, 242, 243)
  .chain((mac) => exactly(macLength(mac)!).map((tag) => ({ mac, tag })));
const hashes = fc.constantFrom([0, 20], [1, 16], [2, 32]);
const groups = fc.constantFrom([0, 192], [1, 96], [2, 128]);

/** Any payload but SIGN and SP. */
const ordinary: fc.Arbitrary<Payload> = fc.oneof(
  fc.tuple(byte, bytes(0, 80), macs).map(
    ([encryption, encrypted, mac]): Payload => ({
      type: PayloadTypes.KEMAC,
      encryption,
      encrypted,
      ...mac,
    }),
  ),
  fc
    .tuple(fc.nat({ max: 3 }), bytes(0, 80))
    .map(([caching, data]): Payload => ({ type: PayloadTypes.PKE, caching, data })),
  fc
    .tuple(groups, validities)
    .chain(([[group, length], validity]) =>
      exactly(length).map((value): Payload => ({ type: PayloadTypes.DH, group, value, validity })),
    ),
  timestamps.map((timestamp): Payload => ({ type: PayloadTypes.T, timestamp })),
  identities.map((identity): Payload => ({ type: PayloadTypes.ID, identity })),
  fc
    .tuple(byte, bytes(0, 300))
    .map(([certificateType, data]): Payload => ({ type: PayloadTypes.CERT, certificateType, data })),
  hashes.chain(([hash, length]) =>
    exactly(length).map((value): Payload => ({ type: PayloadTypes.CHASH, hash, value })),
  ),
  macs.map(({ mac, tag }): Payload => ({ type: PayloadTypes.V, algorithm: mac, tag })),
  bytes(0, 255).map((rand): Payload => ({ type: PayloadTypes.RAND, rand })),
  byte.map((error): Payload => ({ type: PayloadTypes.ERR, error })),
  fc.tuple(byte, identities).map(([role, identity]): Payload => ({ type: PayloadTypes.IDR, role, identity })),
  fc.tuple(byte, bytes(0, 40)).map(([role, rand]): Payload => ({ type: PayloadTypes.RANDR, role, rand })),
  fc
    .tuple(byte, bytes(0, 300))
    .map(([extension, data]): Payload => ({ type: PayloadTypes.generalExtension, extension, data })),
);

const policies: fc.Arbitrary<Payload> = fc
  .tuple(byte, byte, fc.array(record({ type: byte, value: bytes(0, 20) }), { maxLength: 6 }))
  .map(([policy, protocol, parameters]) => ({ type: PayloadTypes.SP, policy, protocol, parameters }));

const signatures: fc.Arbitrary<Payload[]> = fc.oneof(
  fc.constant<Payload[]>([]),
  fc
    .tuple(fc.nat({ max: 15 }), bytes(0, 300))
    .map(([algorithm, signature]): Payload[] => [{ type: PayloadTypes.SIGN, algorithm, signature }]),
);

/** Any message that may be encoded: SIGN only at the end, no SP beside an empty map. */
export const messages: fc.Arbitrary<Message> = headers.chain((header) => {
  const payload =
    header.map.type === MapTypes.empty ? ordinary : fc.oneof({ arbitrary: ordinary, weight: 12 }, policies);
  return fc
    .tuple(fc.array(payload, { maxLength: 8 }), signatures)
    .map(([payloads, signature]) => ({ header, payloads: [...payloads, ...signature] }));
});
