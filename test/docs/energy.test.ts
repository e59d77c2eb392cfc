/** docs/energy.md shows what the commands print. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { energy } from "../host/energy/command.js";
import { withFolder } from "../host/energy/synthetic.js";

describe("docs/energy.md", () => {
  const page = readFileSync("docs/energy.md", "utf8");

  it("shows the worked example as it is printed", () =>
    withFolder(async (folder) => {
      const file = join(folder, "example.ppk2");
      assert.equal((await energy("example", file)).code, 0);
      const [, line] = /\nsymbolon energy report example\.ppk2 (--floor .*)\n/.exec(page) ?? [];
      const { out } = await energy("report", file, ...line.split(" "));
      const expected = out.replaceAll(file, "example.ppk2").trimEnd();
      assert.ok(page.includes(expected), `expected in docs/energy.md:\n${expected}`);
    }));

  it("names options that there are", async () => {
    const help = await Promise.all(
      ["report", "record", "model"].map(async (name) => (await energy(name, "--help")).out),
    );
    const bench = ["--drop"];
    for (const [option] of page.matchAll(/--[a-z][a-z-]+/g)) {
      assert.ok(bench.includes(option) || option === "--count" || help.join().includes(option), option);
    }
  });
});
