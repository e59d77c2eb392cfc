/** The firmware on an emulated Cortex-M4: it agrees, the same each time, and within its budgets. */

import assert from "node:assert/strict";
import { buildImage, type Image } from "../../boards/cortex-m4/build.js";
import { EngineUnavailableError } from "../../boards/engine/source.js";
import { suiteNames } from "../../protocol/mikey/suites.js";
import { type ExchangePlan, standardPlan } from "../bench/exchange.js";
import { brokenBudgets, measure, readBudgets } from "../bench/figures.js";

async function findImage(): Promise<Image | EngineUnavailableError> {
  try {
    return await buildImage({ onProgress: (line) => process.stderr.write(`Cortex-M4: ${line}\n`) });
  } catch (error) {
    if (error instanceof EngineUnavailableError) return error;
    throw error;
  }
}

const image = await findImage();
if (image instanceof EngineUnavailableError) {
  describe(`system: Cortex-M4: ${image.message}`, () => {
    it("an exchange on the emulated board");
  });
} else {
  describe(`system: ${image.engine}`, function () {
    this.timeout(120_000);

    it("is built without a warning", () => {
      assert.equal(image.log, "");
    });

    it("agrees, and counts the same for the same seed", async () => {
      const first = await measure(image, standardPlan);
      const second = await measure(image, standardPlan);
      assert.deepEqual(second.figures, first.figures);
      assert.deepEqual(second.board, first.board);
    });

    it("agrees with other seeds, at about the same cost", async () => {
      const { figures } = await measure(image, standardPlan);
      for (const seed of [2, 3]) {
        const other = await measure(image, { ...standardPlan, seed });
        const difference = Math.abs(other.figures.instructions / figures.instructions - 1);
        assert.ok(difference < 0.05, `seed ${seed}: ${other.figures.instructions} instructions`);
      }
    });

    it("keeps within its budgets", async () => {
      const { figures } = await measure(image, standardPlan);
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
