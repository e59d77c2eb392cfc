import fc from "fast-check";
import { ascii, fromHex, toHex } from "../../../protocol/bytes.js";
import { Codes, OptionNumbers } from "../../../protocol/coap/numbers.js";
import { encodeUint, type Option } from "../../../protocol/coap/options.js";
import { deriveContext, partialIv, type SecurityContext } from "../../../protocol/oscore/context.js";
import { errorResponse, OscoreError, type OscoreReason } from "../../../protocol/oscore/errors.js";
import type { CoapContent } from "../../../protocol/oscore/message.js";
import {
  isProtected,
  protectRequest,
  protectResponse,
  readRequestHeader,
  unprotectRequest,
  unprotectResponse,
} from "../../../protocol/oscore/protect.js";
import { deepEqual, equal, notDeepEqual, ok, throws } from "../../support/assert.js";
import { primitives } from "../../support/primitives.js";
import { contentOf } from "./support.js";

interface Pair {
  readonly client: SecurityContext;
  readonly server: SecurityContext;
}

const id = fc.uint8Array({ maxLength: 7 });
const pair: fc.Arbitrary<Pair> = fc
  .record({
    masterSecret: fc.uint8Array({ minLength: 16, maxLength: 32 }),
    masterSalt: fc.uint8Array({ maxLength: 8 }),
    ids: fc.tuple(id, id).filter(([a, b]) => toHex(a) !== toHex(b)),
    idContext: fc.option(fc.uint8Array({ maxLength: 12 }), { nil: undefined }),
  })
  .map(({ masterSecret, masterSalt, ids: [senderId, recipientId], idContext }) => {
    const common = { masterSecret, masterSalt, ...(idContext !== undefined && { idContext }) };
    return {
      client: deriveContext(primitives, { ...common, senderId, recipientId }),
      server: deriveContext(primitives, { ...common, senderId: recipientId, recipientId: senderId }),
    };
  });

const options: fc.Arbitrary<Option[]> = fc
  .array(
    fc.record({
      number: fc.constantFrom(
        OptionNumbers.uriHost,
        OptionNumbers.uriPort,
        OptionNumbers.uriPath,
        OptionNumbers.contentFormat,
        OptionNumbers.uriQuery,
        OptionNumbers.hopLimit,
        OptionNumbers.accept,
        OptionNumbers.proxyScheme,
        OptionNumbers.echo,
        OptionNumbers.requestTag,
        2048,
      ),
      value: fc.uint8Array({ maxLength: 20 }),
    }),
    { maxLength: 6 },
  )
  .map((list) => list.sort((a, b) => a.number - b.number));
const contents = (...codes: number[]): fc.Arbitrary<CoapContent> =>
  fc.record({ code: fc.constantFrom(...codes), options, payload: fc.uint8Array({ maxLength: 64 }) });
const request = contents(Codes.GET, Codes.POST, Codes.FETCH, Codes.iPATCH);
const response = contents(Codes.content, Codes.changed, Codes.unauthorized, Codes.internalServerError);
const number = fc.oneof(
  fc.nat(300),
  fc.maxSafeNat().map((it) => it % 2 ** 40),
  fc.constant(2 ** 40 - 1),
);

/** By number, and equal numbers with those for proxies behind the others, as they come out. */
const visible: readonly number[] = [3, 7, 16, 39];

const runs = { numRuns: 60 };
const refuses = (reason: OscoreReason, call: () => unknown, message?: RegExp) => {
  const error = throws(call, { type: OscoreError, ...(message && { message }) });
  equal((error as OscoreError).reason, reason);
};

const one = (): Pair => {
  const input = { masterSecret: new Uint8Array(16).fill(7) };
  const [a, b] = [fromHex("01"), fromHex("02")];
  return {
    client: deriveContext(primitives, { ...input, senderId: a, recipientId: b }),
    server: deriveContext(primitives, { ...input, senderId: b, recipientId: a }),
  };
};
const plain: CoapContent = {
  code: Codes.POST,
  options: [
    { number: OptionNumbers.uriHost, value: ascii("hospital") },
    { number: OptionNumbers.uriPath, value: ascii("r") },
    { number: OptionNumbers.contentFormat, value: encodeUint(112) },
  ],
  payload: ascii("36.7"),
};

describe("OSCORE: protect and unprotect", () => {
  it("give a request back as it was, and its response", () => {
    fc.assert(
      fc.property(pair, request, response, number, fc.option(number), (contexts, asked, answered, n, m) => {
        const { client, server } = contexts;
        const { message, binding } = protectRequest(primitives, client, n, asked);
        equal(message.code, Codes.POST);
        ok(isProtected(message));
        const header = readRequestHeader(message);
        equal(header.sequenceNumber, n);
        deepEqual(header.kidContext, client.idContext);
        deepEqual(contentOf(unprotectRequest(primitives, server, header, message)), contentOf(asked));
        const reply = protectResponse(primitives, server, header, answered, m ?? undefined);
        equal(reply.code, Codes.changed);
        deepEqual(contentOf(unprotectResponse(primitives, client, binding, reply)), contentOf(answered));
      }),
      runs,
    );
  });

  it("show proxies their options only", () => {
    fc.assert(
      fc.property(pair, request, number, ({ client }, asked, n) => {
        const { message } = protectRequest(primitives, client, n, asked);
        const shown = message.options.filter((option) => option.number !== OptionNumbers.oscore);
        deepEqual(
          shown,
          asked.options.filter((option) => visible.includes(option.number)),
        );
      }),
      runs,
    );
  });

  it("refuse a request with any bit flipped, in ciphertext, kid or Partial IV", () => {
    const { client, server } = one();
    const { message } = protectRequest(primitives, client, 300, plain);
    const at = message.options.findIndex((option) => option.number === OptionNumbers.oscore);
    const { value } = message.options[at];
    const open = (changed: CoapContent) =>
      unprotectRequest(primitives, server, readRequestHeader(changed), changed);
    deepEqual(contentOf(open(message)), contentOf(plain));
    for (let i = 0; i < 8 * message.payload.length; i++) {
      const payload = message.payload.slice();
      payload[i >> 3] ^= 1 << (i & 7);
      refuses("decryption", () => open({ ...message, payload }));
    }
    for (let i = 0; i < 8 * value.length; i++) {
      const flipped = value.slice();
      flipped[i >> 3] ^= 1 << (i & 7);
      const changed = message.options.slice();
      changed[at] = { number: OptionNumbers.oscore, value: flipped };
      throws(() => open({ ...message, options: changed }), OscoreError, `bit ${i}`);
    }
    for (let length = 1; length < message.payload.length; length++) {
      refuses("decryption", () => open({ ...message, payload: message.payload.subarray(0, length) }));
    }
  });

  it("refuse a response with any bit flipped, and one to another request", () => {
    const { client, server } = one();
    const first = protectRequest(primitives, client, 1, plain);
    const second = protectRequest(primitives, client, 2, plain);
    const answer: CoapContent = { code: Codes.changed, options: [], payload: ascii("ok") };
    for (const own of [undefined, 0, 5]) {
      const reply = protectResponse(primitives, server, first.binding, answer, own);
      unprotectResponse(primitives, client, first.binding, reply);
      refuses("decryption", () => unprotectResponse(primitives, client, second.binding, reply));
      for (let i = 0; i < 8 * reply.payload.length; i++) {
        const payload = reply.payload.slice();
        payload[i >> 3] ^= 1 << (i & 7);
        refuses("decryption", () =>
          unprotectResponse(primitives, client, first.binding, { ...reply, payload }),
        );
      }
    }
  });

  it("never take the reflection of one's own message", () => {
    const { client } = one();
    const { message } = protectRequest(primitives, client, 1, plain);
    refuses("decryption", () => unprotectRequest(primitives, client, readRequestHeader(message), message));
  });

  it("discard Class E options that stand outside", () => {
    const { client, server } = one();
    const { message } = protectRequest(primitives, client, 1, plain);
    const forged: Option = { number: OptionNumbers.uriPath, value: ascii("other") };
    const outer = { ...message, options: [...message.options, forged] };
    const opened = unprotectRequest(primitives, server, readRequestHeader(outer), outer);
    deepEqual(contentOf(opened), contentOf(plain));
  });

  it("refuse malformed messages by name", () => {
    const { client, server } = one();
    const { message, binding } = protectRequest(primitives, client, 1, plain);
    const option = (hex: string): Option => ({ number: OptionNumbers.oscore, value: fromHex(hex) });
    refuses("decode", () => readRequestHeader({ ...message, payload: new Uint8Array(0) }), /has a payload/);
    refuses(
      "decode",
      () => readRequestHeader({ ...message, options: [] }),
      /expected one OSCORE option, got 0/,
    );
    const twice = [option("090101"), option("090101")];
    refuses("decode", () => readRequestHeader({ ...message, options: twice }), /got 2/);
    for (const hex of ["", "0101", "0801"]) {
      refuses(
        "decode",
        () => readRequestHeader({ ...message, options: [option(hex)] }),
        /needs a Partial IV/,
      );
    }
    const failed = { ...message, code: Codes.unauthorized };
    refuses("decode", () => unprotectResponse(primitives, client, binding, failed), /has this code/);
    // What a peer with the key, but without sense, may put inside: nothing, a response, an option for proxies.
    const inside = (plaintext: string) => {
      const sealed = sealRequest(client, 9, fromHex(plaintext));
      return unprotectRequest(primitives, server, readRequestHeader(sealed), sealed);
    };
    equal(inside("02").code, Codes.POST);
    for (const plaintext of ["", "00", "45", "02ff", "02b3"]) {
      refuses("decode", () => inside(plaintext), /plaintext is no request/);
    }
    refuses("decode", () => inside("023161"), /for proxies/);
  });

  it("answer each refusal as §8.2 says", () => {
    for (const [reason, code, text] of [
      ["decode", Codes.badOption, "Failed to decode COSE"],
      ["context", Codes.unauthorized, "Security context not found"],
      ["replay", Codes.unauthorized, "Replay detected"],
      ["decryption", Codes.badRequest, "Decryption failed"],
    ] as const) {
      const error = new OscoreError(reason, "detail");
      equal(error.code, code);
      const maxAge = { number: OptionNumbers.maxAge, value: new Uint8Array(0) };
      deepEqual(errorResponse(error), { code, options: [maxAge], payload: ascii(text) });
    }
  });

  it("refuse options that need more than a class", () => {
    const { client } = one();
    for (const number of [OptionNumbers.observe, OptionNumbers.proxyUri, OptionNumbers.oscore]) {
      const options = [{ number, value: new Uint8Array(0) }];
      throws(() => protectRequest(primitives, client, 0, { ...plain, options }), RangeError);
    }
  });

  it("refuse IDs that are too long or the same, and numbers from 2^40", () => {
    const input = { masterSecret: new Uint8Array(16), senderId: fromHex("01"), recipientId: fromHex("02") };
    throws(() => deriveContext(primitives, { ...input, senderId: new Uint8Array(8) }), /^sender ID: /);
    throws(() => deriveContext(primitives, { ...input, recipientId: new Uint8Array(8) }), /^recipient ID: /);
    throws(() => deriveContext(primitives, { ...input, recipientId: fromHex("01") }), /another than/);
    equal(toHex(partialIv(2 ** 40 - 1)), "ffffffffff");
    for (const number of [-1, 1.5, 2 ** 40]) throws(() => partialIv(number), RangeError);
  });

  it("encode each number in a way of its own", () => {
    fc.assert(
      fc.property(number, number, (a, b) => {
        if (a !== b) notDeepEqual(partialIv(a), partialIv(b));
        ok(partialIv(a).length === 1 || partialIv(a)[0] !== 0);
      }),
    );
  });
});

/** A request with any plaintext. */
function sealRequest(context: SecurityContext, sequenceNumber: number, plaintext: Uint8Array): CoapContent {
  const swapped = {
    ...primitives,
    ccmSeal: (key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, _: Uint8Array, tagLength: 8 | 16) =>
      primitives.ccmSeal(key, nonce, aad, plaintext, tagLength),
  };
  return protectRequest(swapped, context, sequenceNumber, plain).message;
}
