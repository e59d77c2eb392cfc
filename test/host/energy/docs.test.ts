/** docs/energy.md: its worked example is what its commands print, and its other commands are there. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { energyIn } from "./command.js";
import { withFolder } from "./synthetic.js";

const page = readFileSync(new URL("../../../../docs/energy.md", import.meta.url), "utf8");

/** The fenced blocks of a section. */
function blocks(heading: string): string[] {
  const section = page.split(/^## /m).find((text) => text.startsWith(`${heading}\n`)) ?? "";
  return [...section.matchAll(/^```\n([\s\S]*?)^```$/gm)].map(([, block]) => block);
}

/** The words behind `symbolon energy` of each line. */
function commands(block: string): string[][] {
  return block
    .trim()
    .split("\n")
    .map((line) => {
      const [name, command, ...words] = line.split(" ");
      assert.deepEqual([name, command], ["symbolon", "energy"], line);
      return words;
    });
}

describe("docs/energy.md", function () {
  this.timeout(120_000);

  it("shows what the commands of its worked example print", () =>
    withFolder(async (folder) => {
      const [run, printed] = blocks("A worked example");
      let out = "";
      for (const words of commands(run)) {
        const result = await energyIn(folder, ...words);
        assert.equal(result.code, 0, result.err);
        out = result.out;
      }
      assert.equal(out.trim(), printed.trim());
    }));

  it("names commands of the model that run", () =>
    withFolder(async (folder) => {
      for (const words of commands(blocks("The model")[0])) {
        const { code, err } = await energyIn(folder, ...words);
        assert.equal(code, 0, err);
      }
    }));
});
