/**
 * Gateways that are hostile to whole messages of two exchanges at once; what `symbolon simulate --hostile` does to the
 * real process stands in test/system/hostile.test.ts. A gateway holds no key, so that the test can be one: it gets what a sensor sends, and does
 * with it what it likes towards real third parties and a real Responder.
 *
 * Whatever it does: the sensor never takes a key that the Responder does not have, no reading is delivered twice or
 * altered, none is called fresh, and nothing secret is in what passed its hands.
 */

import assert from "node:assert/strict";
import { encodeReading } from "../../../firmware/readings.js";
import { CoapError, coapRequest } from "../../../host/coap/client.js";
import { primitives, randomSource } from "../../../host/primitives.js";
import { altered, otherCheckValue } from "../../../host/simulation/hostile.js";
import { findSecrets } from "../../../host/simulation/secret-search.js";
import { Codes, ContentFormats, OptionNumbers } from "../../../protocol/coap/numbers.js";
import { restoreConfirmation } from "../../../protocol/exchange/bundle.js";
import { PART_PATH } from "../../../protocol/exchange/bundle-cut.js";
import { compressConfirmation, splitBundle } from "../../../protocol/exchange/bundle-parts.js";
import { confirmedContext, confirmedSecrets } from "../../../protocol/exchange/channel.js";
import { fingerprint } from "../../../protocol/exchange/fingerprint.js";
import type { FinishedInitiator, WaitingInitiator } from "../../../protocol/exchange/initiator.js";
import { sharingOf } from "../../../protocol/exchange/policy.js";
import { Refusal } from "../../../protocol/mikey/refusal.js";
import { protectRequest } from "../../../protocol/oscore/protect.js";
import { type World, world } from "../third-party/world.js";
import { type Scene, scene } from "./scene.js";

type Request = ReturnType<typeof protectRequest>["message"];

/** What a gateway makes of two exchanges' parts, of R_I, and of readings. Without a member it is honest there. */
interface Hostility {
  /** `parts[e][i]` is that of exchange e for third party i + 1; what it gives goes to third party i + 1, in order. */
  parts?(parts: readonly (readonly Uint8Array[])[]): readonly (readonly Uint8Array[])[];
  /** What the sensor of each exchange collects. */
  confirmations?(confirmations: readonly Uint8Array[][]): Uint8Array[][];
  readings?(readings: readonly Request[]): Request[];
  /** How many of the two exchanges agree in spite of it, at least. */
  readonly agrees: number;
  readonly delivers: number;
}

const READINGS = 4;

const modes: Readonly<Record<string, Hostility>> = {
  "alter parts": { parts: (all) => all.map((parts) => parts.map(altered)), agrees: 0, delivers: 0 },
  "alter R_I": { confirmations: (all) => all.map((each) => each.map(altered)), agrees: 0, delivers: 0 },
  "alter readings": {
    readings: (all) => all.map((it) => ({ ...it, payload: altered(it.payload) })),
    agrees: 2,
    delivers: 0,
  },
  "drop all": {
    parts: (all) => all.map((parts) => parts.map(() => new Uint8Array(0))),
    agrees: 0,
    delivers: 0,
  },
  // They are the sensor's own, and come in another order.
  "swap parts between exchanges": {
    parts: ([a, b]) => [
      [a[0], b[1], a[2]],
      [b[0], a[1], b[2]],
    ],
    agrees: 2,
    delivers: READINGS,
  },
  "swap R_I": { confirmations: ([a, b]) => [b, a], agrees: 0, delivers: 0 },
  "answer in the Responder's place": {
    confirmations: (all) => all.map(() => [randomSource(20)]),
    agrees: 0,
    delivers: 0,
  },
  "answer in the sensor's place": {
    readings: (all) => all.map((it) => ({ ...it, payload: new Uint8Array(randomSource(it.payload.length)) })),
    agrees: 2,
    delivers: 0,
  },
  "show third parties different check values": {
    parts: (all) => all.map((parts) => parts.map(otherCheckValue)),
    agrees: 0,
    delivers: 0,
  },
};

describe("hostile gateways", function () {
  this.timeout(30_000);
  let w: World;
  let s: Scene;
  before(async () => {
    w = await world();
  });
  beforeEach(async () => {
    s = await scene(w);
  });
  afterEach(() => s.close());

  /** Everything that passed the gateway's hands. */
  let seen: Uint8Array[] = [];
  const toParty = async (i: number, part: Uint8Array): Promise<Uint8Array | undefined> => {
    if (part.length === 0) return undefined;
    try {
      const { code, payload } = await coapRequest({
        ...{ address: s.thirdParties[i], path: PART_PATH, payload: part, timeout: 3_500 },
        contentFormat: ContentFormats.octetStream,
      });
      seen.push(payload);
      return code === Codes.changed ? compressConfirmation(payload) : undefined;
    } catch (error) {
      // A third party that waits for shares which never come.
      if (error instanceof CoapError) return undefined;
      throw error;
    }
  };

  function finish(
    waiting: WaitingInitiator,
    collected: readonly Uint8Array[],
  ): FinishedInitiator | undefined {
    for (const confirmation of collected) {
      try {
        return waiting.consumeConfirmation(restoreConfirmation(waiting.session, confirmation));
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
      }
    }
    return undefined;
  }

  for (const [mode, hostility] of Object.entries(modes)) {
    it(`${mode}: no false key, no reading twice, altered or fresh, nothing secret seen`, async () => {
      seen = [];
      const exchanges = [1, 2].map((t) => s.bundle(t));
      const secrets: Uint8Array[] = [...w.psks];
      for (const { waiting, bundle } of exchanges) {
        seen.push(bundle);
        secrets.push(waiting.suspend().tgk, waiting.provisionalKeys.tek, waiting.provisionalKeys.salt);
      }
      const parts = exchanges.map(({ bundle }) => splitBundle(bundle, sharingOf(s.policy)));
      const confirmations: Uint8Array[][] = [[], []];
      // The first exchange first: its T is the lower, and the Responder takes none below the last.
      for (const [e, each] of (hostility.parts?.(parts) ?? parts).entries()) {
        const answers = await Promise.all(each.map((part, i) => toParty(i, part)));
        confirmations[e % 2].push(...answers.filter((it) => it !== undefined));
      }
      const collected = hostility.confirmations?.(confirmations) ?? confirmations;
      let agreed = 0;
      let last: FinishedInitiator | undefined;
      for (const [e, { waiting }] of exchanges.entries()) {
        const finished = finish(waiting, collected[e]);
        if (finished === undefined) continue;
        agreed++;
        last = finished;
        assert.equal(fingerprint(primitives, finished.keys), s.agreed.get(waiting.session.t));
      }
      assert.ok(agreed >= hostility.agrees, `${agreed} agreed`);

      const plain = Array.from({ length: READINGS }, (_, i) =>
        encodeReading([{ name: "temperature", unit: "Cel", value: 360 + i, decimals: 1 }]),
      );
      if (last !== undefined) {
        const secretsOf = confirmedSecrets(primitives, last.keys, last.confirmation);
        const context = confirmedContext(primitives, "sensor", secretsOf);
        secrets.push(secretsOf.masterSecret, context.senderKey, context.recipientKey, ...plain);
        const options = [
          { number: OptionNumbers.uriPath, value: Buffer.from("r") },
          { number: OptionNumbers.contentFormat, value: Uint8Array.of(112) },
        ];
        const requests = plain.map(
          (payload, i) =>
            protectRequest(primitives, context, i, { code: Codes.POST, options, payload }).message,
        );
        seen.push(...requests.map(({ payload }) => payload));
        for (const request of hostility.readings?.(requests) ?? requests) {
          const { payload } = await coapRequest({
            ...{ address: s.responder, path: "", payload: request.payload, options: request.options },
            understood: [OptionNumbers.oscore],
          });
          seen.push(payload);
        }
      }
      const delivered = s.readings.map((it) => it as Extract<typeof it, { event: "reading" }>);
      assert.equal(delivered.length, hostility.delivers);
      assert.equal(new Set(delivered.map(({ t, number }) => `${t}/${number}`)).size, delivered.length);
      for (const { number, age, records } of delivered) {
        assert.equal(age, "unknown");
        assert.deepEqual(records, [{ n: "temperature", u: "Cel", v: (360 + number) / 10 }]);
      }

      const named = secrets.map((bytes, i) => ({ name: `secret ${i + 1}`, bytes }));
      assert.deepEqual(findSecrets(seen, named), []);
    });
  }
});
