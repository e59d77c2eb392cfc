import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Limits } from "../../../host/doctor/limits.js";

const main = fileURLToPath(new URL("../../../host/cli/main.js", import.meta.url));

function doctor(line: string): Promise<{ code: number; out: string; err: string }> {
  const args = [main, "doctor", ...line.split(" ").filter((word) => word !== "")];
  return new Promise((resolve) => {
    execFile(process.execPath, args, { timeout: 20_000 }, (error, out, err) =>
      resolve({ code: error === null ? 0 : (error.code as number), out, err }),
    );
  });
}

async function limits(line: string): Promise<Limits> {
  const { code, out, err } = await doctor(`${line} --json`);
  assert.equal(code, 0, err);
  return JSON.parse(out) as Limits;
}

describe("symbolon doctor", () => {
  it("says what 3 of 7 stands", async () => {
    const { lying, bytes, ...rest } = await limits("--threshold 3 --third-parties 7");
    assert.deepEqual(rest, {
      threshold: 3,
      privacy: 2,
      thirdParties: 7,
      bitsLeft: [128, 128, 128, 0],
      silent: 4,
    });
    assert.deepEqual(
      lying.map(({ silent, unique, withCheckValue }) => [silent, unique, withCheckValue]),
      [
        [0, 2, 2],
        [1, 1, 2],
        [2, 1, 2],
        [3, 0, 1],
        [4, 0, 0],
      ],
    );
    assert.deepEqual(bytes, { share: 16, tgk: 16, weights: 15, I_TP: 117, TP_I: 149, sent: 819 });
  });

  it("says it in words", async () => {
    const { out } = await doctor("--threshold 3 --third-parties 7");
    assert.match(out, /^3 of 7 shares give the key; t = 2, Shamir's scheme\n/);
    assert.match(out, /\ncurious {2}up to 2 third parties together learn nothing of the key\n/);
    assert.match(out, /\nsilent {3}up to 4 may be away/);
    assert.match(out, /\nlying {4}when nobody is silent, up to 2 may send what they like/);
    for (const line of out.split("\n")) assert.ok(line.length <= 100, line);
  });

  it("says what is missing where nobody may be silent or lie", async () => {
    const { out } = await doctor("--threshold 3 --third-parties 3 --privacy 0");
    assert.match(out, /plain redundancy/);
    assert.match(out, /each third party learns a part of the key\n +1 share leaves 256 of 384 bits/);
    assert.match(out, /silent {3}nobody may be/);
    assert.match(out, /lying {4}nobody may, even when nobody is silent/);
  });

  it("counts fewer than k liars, and no more than the search allows", async () => {
    assert.equal((await limits("--threshold 2 --third-parties 9")).lying[0].withCheckValue, 1);
    const { lying } = await limits("--threshold 10 --third-parties 20");
    assert.deepEqual(
      lying.slice(0, 6).map(({ withCheckValue, searched }) => [withCheckValue, searched]),
      [
        [6, 16],
        [6, 16],
        [6, 16],
        [6, 16],
        [6, 16],
        [5, 15],
      ],
    );
    const { out } = await doctor("--threshold 10 --third-parties 20");
    assert.match(out, /\* only the first 16 shares are searched/);
  });

  it("has a row for each common choice", async () => {
    const { out } = await doctor("--table");
    const list = JSON.parse((await doctor("--table --json")).out) as Limits[];
    assert.equal(out.trim().split("\n").length, list.length + 2);
    assert.match(out, /\n\| 2 \| 1 \| 3 \| 1 \| 128 \| 1 \| 0 \/ 1 \| 0 \/ 0 \| no key \| no key \|\n/);
  });

  it("exits 2 on wrong use, with one line", async () => {
    for (const [line, message] of [
      ["", "error: --threshold and --third-parties are needed, or --table"],
      ["--threshold 4 --third-parties 3", "error: threshold: 4 shares can't come from 3 third parties"],
      [
        "--threshold 3 --third-parties 4 --privacy 3",
        "error: privacy: expected 0 to 2 (threshold − 1), got 3",
      ],
      [
        "--threshold 4 --third-parties 255 --privacy 0",
        "error: third parties: 255 are too many for this field",
      ],
      [
        "--threshold 1 --third-parties 3",
        "error: option '--threshold <k>' argument '1' is invalid. Expected a whole number from 2 to 255.",
      ],
      ["--table --threshold 2", "error: option '--table' cannot be used with option '--threshold <k>'"],
    ]) {
      assert.deepEqual(await doctor(line), { code: 2, out: "", err: `${message}\n` }, line);
    }
  });
});
