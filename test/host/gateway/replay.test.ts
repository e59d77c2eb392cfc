/** Old bundles, and altered ones, from who has recorded them: what they can take from the sensor. */

import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { ascii, concat } from "../../../protocol/bytes.js";
import { Codes, OptionNumbers } from "../../../protocol/coap/numbers.js";
import { restoreConfirmation } from "../../../protocol/exchange/bundle.js";
import { type World, world } from "../third-party/world.js";
import { locationOf, type Scene, scene } from "./scene.js";

const nothing = new Uint8Array(0);
const LAST = 9;

describe("a gateway under replays", () => {
  let w: World;
  let s: Scene;
  const boxes = new Map<number, string>();
  const bundles = new Map<number, Uint8Array>();
  before(async function () {
    this.timeout(30_000);
    w = await world();
    s = await scene(w);
    for (let t = 1; t <= LAST; t++) {
      const { waiting, bundle } = s.bundle(t);
      const box = locationOf(await s.post(bundle));
      const { payload } = await listen(box);
      waiting.consumeConfirmation(restoreConfirmation(waiting.session, payload));
      boxes.set(t, box);
      bundles.set(t, bundle);
      await judged(t);
    }
  });
  after(() => s.close());

  const listen = (box: string) =>
    s.send(box, nothing, { options: [{ number: OptionNumbers.uriQuery, value: ascii("w=5") }] });
  const count = (t: number) =>
    s.gatewayEvents.filter((event) => event.event === "answered" && event.t === t).length;
  /** All third parties have said what they think of a bundle of that T, so many times. */
  async function judged(t: number, times = 1): Promise<void> {
    for (let i = 0; i < 500 && count(t) < 3 * times; i++) await sleep(10);
    assert.equal(count(t), 3 * times);
  }
  const codeOf = async (t: number) => (await s.send(boxes.get(t) as string, nothing)).code;
  const lastFour = () => Promise.all([0, 1, 2, 3].map((i) => codeOf(LAST - i)));

  it("loses no mailbox of the sensor's last exchanges to recorded bundles of those before", async () => {
    for (let t = 1; t <= LAST - 4; t++) {
      const { code } = await s.post(bundles.get(t) as Uint8Array);
      assert.equal(code, Codes.created);
      await judged(t, 2);
    }
    assert.deepEqual(await lastFour(), new Array(4).fill(Codes.changed));
  });

  it("nor to altered copies of the last one", async () => {
    const bundle = bundles.get(LAST) as Uint8Array;
    const refusals = () => s.gatewayEvents.filter(({ event }) => event === "refused").length;
    const before = refusals();
    // In N, in the check value, in one share, in N.
    for (const [i, place] of [11, 19, 30, 5].entries()) {
      const altered = concat(bundle.subarray(0, place), bundle[place] ^ 1, bundle.subarray(place + 1));
      assert.equal((await s.post(altered)).code, Codes.created);
      await judged(LAST, 2 + i);
    }
    assert.equal(refusals() - before, 3 + 3 + 1 + 3);
    assert.deepEqual(await lastFour(), new Array(4).fill(Codes.changed));
  });
});
