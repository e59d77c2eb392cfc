/** The firmware on an emulated Cortex-M4: it agrees, the same each time, and within its budgets. */

import assert from "node:assert/strict";
import { EngineUnavailableError } from "../../boards/engine/source.js";
import { suiteNames } from "../../protocol/mikey/suites.js";
import { type ExchangePlan, standardPlan } from "../bench/exchange.js";
import {
  brokenBudgets,
  buildImages,
  type Images,
  measure,
  measureFigures,
  readBudgets,
} from "../bench/figures.js";

async function findImages(): Promise<Images | EngineUnavailableError> {
  try {
    return await buildImages((line) => process.stderr.write(`Cortex-M4: ${line}\n`));
  } catch (error) {
    if (error instanceof EngineUnavailableError) return error;
    throw error;
  }
}

const images = await findImages();
if (images instanceof EngineUnavailableError) {
  describe(`system: Cortex-M4: ${images.message}`, () => {
    it("an exchange on the emulated board");
  });
} else {
  const { board: image } = images;
  describe(`system: ${image.engine}`, function () {
    this.timeout(120_000);

    it("is built without a warning", () => {
      assert.equal(image.log, "");
    });

    it("agrees, and counts the same for the same seed", async () => {
      const first = await measure(image, standardPlan);
      const second = await measure(image, standardPlan);
      assert.deepEqual(second, first);
    });

    it("agrees with other seeds, at about the same cost", async () => {
      const { board } = await measure(image, standardPlan);
      for (const seed of [2, 3]) {
        const other = await measure(image, { ...standardPlan, seed });
        const difference = Math.abs(other.board.instructions / board.instructions - 1);
        assert.ok(difference < 0.05, `seed ${seed}: ${other.board.instructions} instructions`);
      }
    });

    it("keeps within its budgets", async () => {
      const { figures } = await measureFigures(images, standardPlan);
      assert.deepEqual(brokenBudgets(figures, readBudgets()), []);
    });

    for (const suite of suiteNames) {
      it(`agrees under ${suite}`, async () => {
        const plan: ExchangePlan = { ...standardPlan, suite };
        await measure(image, plan);
      });
    }
  });
}
