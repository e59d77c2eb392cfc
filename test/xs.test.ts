/** Runs the tests of protocol/ and firmware/ a second time, on XS: each is a test here too. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EngineUnavailableError } from "../boards/linux/build.js";
import { bundleTests } from "./xs/bundle.js";
import { findEngine } from "./xs/engine.js";
import { Outcomes } from "./xs/outcomes.js";
import { listTests, runTests } from "./xs/process.js";

/** How long the whole suite may take on XS. */
const timeout = 300_000;

const engine = await findEngine();
if (engine instanceof EngineUnavailableError) {
  describe(`on XS: ${engine.message}`, () => {
    it("the tests of protocol/ and firmware/");
  });
} else {
  const folder = await mkdtemp(join(tmpdir(), "symbolon-xs-"));
  const bundle = join(folder, "tests.js");
  await bundleTests(bundle);
  const titles = await listTests(engine, bundle);

  describe(`on XS (${engine.engine}, slots of ${engine.slotSize} bytes)`, function () {
    this.timeout(timeout);
    const outcomes = new Outcomes(titles.length);

    before(() => {
      // Not awaited: each test below waits for its own line.
      runTests(engine, bundle, timeout, (line) => outcomes.take(line)).then(
        () => outcomes.end(new Error("XS ended before this test")),
        (error: Error) => outcomes.end(error),
      );
    });

    for (const [i, title] of titles.entries()) it(title, () => outcomes.of(i));

    after(async () => {
      await rm(folder, { recursive: true });
      const { count, computrons, heapPeakBytes } = outcomes;
      process.stdout.write(
        `    ${count} tests ran on ${engine.engine}: ${(computrons / 1e6).toFixed(1)} M computrons, ` +
          `heap peak ${(heapPeakBytes / 1e6).toFixed(1)} MB\n`,
      );
    });
  });
}
