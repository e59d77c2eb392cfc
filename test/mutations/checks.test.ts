import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { mutations } from "./checks.js";

/** The tree: this file runs as dist/test/mutations/checks.test.js. */
const root = new URL("../../../", import.meta.url);

describe("mutations", () => {
  it("find what they take out, once, and a suite that should miss it", () => {
    const suites = readdirSync(fileURLToPath(new URL("dist/test", root)), { recursive: true }) as string[];
    for (const { file, find, suites: wanted } of mutations) {
      assert.equal(readFileSync(new URL(file, root), "utf8").split(find).length, 2, `${file}: ${find}`);
      for (const name of wanted) {
        const isSuite = (path: string) => path.startsWith(name) && path.endsWith(".test.js");
        assert.ok(suites.some(isSuite), `${file}: there is no suite ${name}`);
      }
    }
  });
});
