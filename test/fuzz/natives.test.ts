/** The portable C of firmware/native under libFuzzer with AddressSanitizer and UBSan. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { aesSources, buildNatives, runNatives } from "./natives.js";

describe("the board's C under libFuzzer", function () {
  this.timeout(120_000);

  for (const aes of aesSources) {
    it(`holds for 20,000 inputs, with ${aes}`, async function () {
      const folder = await mkdtemp(join(tmpdir(), "symbolon-natives-"));
      try {
        const program = await buildNatives(folder, aes);
        if (program === undefined) {
          process.stdout.write(
            "    skipped: needs clang with libFuzzer (Debian's clang and libclang-rt-14-dev)\n",
          );
          return this.skip();
        }
        await runNatives(program, ["-runs=20000", `-artifact_prefix=${folder}/`], 100_000);
      } finally {
        await rm(folder, { recursive: true });
      }
    });
  }
});
