/** A gateway and the bundles of a sensor that shows another name with each exchange. */

import assert from "node:assert/strict";
import { primitives, randomSource } from "../../../host/primitives.js";
import { toHex, uint } from "../../../protocol/bytes.js";
import { Codes, ContentFormats } from "../../../protocol/coap/numbers.js";
import { restoreConfirmation } from "../../../protocol/exchange/bundle.js";
import { briefConfirmation, isPseudonymous } from "../../../protocol/exchange/bundle-parts.js";
import { fingerprint } from "../../../protocol/exchange/fingerprint.js";
import { withPseudonym } from "../../../protocol/exchange/pseudonym.js";
import { DecodeError } from "../../../protocol/mikey/reader.js";
import { type World, world } from "../third-party/world.js";
import { HANDLE, locationOf, type Scene, scene } from "./scene.js";

describe("gateway, with pseudonyms", function () {
  this.timeout(20_000);
  const linkingKey = new Uint8Array(16).fill(7);
  let w: World;
  let s: Scene;
  before(async function () {
    this.timeout(30_000);
    w = await world();
  });
  beforeEach(async () => {
    s = await scene(w, { linkingKey });
  });
  afterEach(() => s.close());

  const collect = (box: string) =>
    s.send(box, new Uint8Array(0), { options: [{ number: 15, value: Buffer.from("w=5") }] });

  /** An exchange that ends with the same keys at both ends. */
  async function agree(t: number): Promise<string> {
    const { waiting, bundle } = s.bundle(t);
    const expected = fingerprint(primitives, waiting.provisionalKeys);
    assert.ok(isPseudonymous(bundle));
    const answer = await s.post(bundle);
    assert.equal(answer.code, Codes.created, `T ${t}`);
    const box = locationOf(answer);
    const { payload, contentFormat } = await collect(box);
    assert.deepEqual([payload.length, contentFormat], [20, ContentFormats.octetStream]);
    waiting.consumeConfirmation(restoreConfirmation(waiting.session, payload));
    assert.equal(s.agreed.get(t), expected);
    return box;
  }

  it("carries exchanges whose T goes on, with gaps and over restarts, far beyond that of the enrolment", async () => {
    for (const t of [1, 2, 500, 1400, 1401]) {
      await agree(t);
      if (t > 2) await s.restart();
    }
    const tooFar = s.bundle(1402 + 1024).bundle;
    assert.equal((await s.post(tooFar)).code, Codes.forbidden);
  });

  it("shows nobody on the way to the third parties handle or T", async () => {
    const { bundle } = s.bundle(0x010203);
    const [handle, t] = [bundle.subarray(1, 3), bundle.subarray(12, 16)];
    assert.deepEqual([handle, t].map(toHex), ["2501", "497c7968"]);
    // A bundle that says who it is of is not this sensor's, whoever knows its handle.
    const clear = s.bundle(1).bundle.slice();
    clear.set([0x11, HANDLE >> 8, HANDLE & 0xff]);
    clear.set(uint(1, 4), 12);
    assert.equal((await s.post(clear)).code, Codes.forbidden);
    await agree(1);
  });

  it("takes the same bundle for the same, and refuses those of strangers with a bare code", async () => {
    const { bundle } = s.bundle(3);
    const box = locationOf(await s.post(bundle));
    assert.equal(locationOf(await s.post(bundle)), box);
    const stranger = withPseudonym(primitives, bundle, randomSource(16), 3);
    for (const [other, code] of [
      [stranger, Codes.forbidden],
      [bundle.subarray(0, 20), Codes.badRequest],
      [bundle.subarray(1), Codes.badRequest],
    ] as const) {
      const answer = await s.post(other);
      assert.deepEqual([answer.code, answer.payload.length], [code, 0]);
    }
  });

  it("follows T only where a third party has found a message good: who repeats a pseudonym moves nothing", async () => {
    await agree(1);
    const altered = s.bundle(900).bundle.slice();
    for (const from of [1, 9, 17]) altered[altered.length - from] ^= 1;
    const box = locationOf(await s.post(altered));
    // Until all have refused it.
    for (let left = 100; left > 0; left--) {
      const refused = s.gatewayEvents.filter(({ event }) => event === "answered").length;
      if (refused >= 6) break;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    assert.equal((await s.send(box, new Uint8Array(0))).payload.length, 0);
    await agree(2);
    await s.restart();
    await agree(3);
  });

  it("hands R_I on as it comes, and takes a tag for a receipt", () => {
    assert.equal(briefConfirmation(new Uint8Array(8)), undefined);
    assert.equal(briefConfirmation(new Uint8Array(20).fill(7))?.length, 20);
    for (const length of [0, 7, 9, 15])
      assert.throws(() => briefConfirmation(new Uint8Array(length)), DecodeError);
  });
});
