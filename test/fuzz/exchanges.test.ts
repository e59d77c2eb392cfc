/** Whole exchanges over paths in chaos; `npm run fuzz` runs more of them. */

import assert from "node:assert/strict";
import { world } from "../host/third-party/world.js";
import { exchangesInChaos } from "./exchanges.js";
import { randomOf } from "./mutate.js";

const EXCHANGES = 6;

describe("exchanges over a network that loses, doubles, delays and alters", function () {
  this.timeout(120_000);

  it("end with one key at both ends or none, and the next one finds both", async () => {
    const seed = 1 + Math.floor(Math.random() * 2 ** 31);
    const { disturbed } = await exchangesInChaos(await world(), randomOf(seed), EXCHANGES);
    assert.ok(disturbed > EXCHANGES, `only ${disturbed} datagrams were disturbed`);
  });
});
