/** docs/security.md says what the code stands. */

import { ok } from "node:assert";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { MAX_CANDIDATES, searchLimit } from "../../protocol/shares/search.js";

const main = fileURLToPath(new URL("../../host/cli/main.js", import.meta.url));

describe("docs/security.md", () => {
  const page = readFileSync("docs/security.md", "utf8").replace(/\n {2}(?! )/g, " ");

  it("has the table of `symbolon doctor --table`", () => {
    const table = execFileSync(process.execPath, [main, "doctor", "--table"], {
      encoding: "utf8",
      timeout: 20_000,
    });
    ok(page.includes(table), `expected this table:\n${table}`);
  });

  it("states the bound of the search", () => {
    ok(page.includes(`at most ${MAX_CANDIDATES.toLocaleString("en")} candidates`));
    const most = (k: number) => searchLimit(k, 255);
    const least = Math.min(...Array.from({ length: 12 }, (_, i) => most(i + 2)));
    ok(least === 15 && page.includes(`${least} with any k`));
    const limits = `with k = 2 ${most(2)}, 3 ${most(3)}, 4 ${most(4)}, 5 ${most(5)}, 6 and 10 ${most(6)}.`;
    ok(most(10) === most(6) && page.includes(limits), `expected "${limits}"`);
  });
});
