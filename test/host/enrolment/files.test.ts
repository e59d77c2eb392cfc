import assert from "node:assert/strict";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { FileError, jsonErrorOffset, readJson, readText, writeText } from "../../../host/enrolment/files.js";

describe("files", () => {
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "symbolon-files-"));
    path = join(folder, "f");
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  const refused = (work: () => unknown, complaint: string) => {
    assert.throws(work, (error: Error) => {
      assert.ok(error instanceof FileError, error.stack);
      assert.equal(error.message, `${path}: ${complaint}`);
      return true;
    });
  };
  const mode = () => statSync(path).mode & 0o777;

  it("are written whole, with the rights that they should have whatever the umask", () => {
    const before = process.umask(0o000);
    try {
      writeText(path, "secret", { secret: true });
      assert.equal(mode(), 0o600);
      process.umask(0o077);
      writeText(path, "public", { replace: true });
      assert.equal(mode(), 0o644);
    } finally {
      process.umask(before);
    }
    assert.equal(readFileSync(path, "utf8"), "public");
    assert.deepEqual(readdirSync(folder), ["f"]);
  });

  it("are replaced only when that is asked for", () => {
    writeText(path, "old");
    refused(() => writeText(path, "new"), "is there already");
    assert.equal(readText(path), "old");
    writeText(path, "new", { replace: true });
    assert.equal(readText(path), "new");
    assert.deepEqual(readdirSync(folder), ["f"]);
  });

  it("of secrets are refused when others have rights on them", () => {
    writeText(path, "s", { secret: true });
    assert.equal(readText(path, { secret: true }), "s");
    for (const wide of [0o644, 0o640, 0o660, 0o604, 0o601]) {
      chmodSync(path, wide);
      refused(
        () => readText(path, { secret: true }),
        `mode 0${wide.toString(8)} gives others rights on a secret; it must be 0600`,
      );
      assert.equal(readText(path), "s");
    }
    chmodSync(path, 0o400);
    assert.equal(readText(path, { secret: true }), "s");
  });

  it("are named when they can't be read or written", () => {
    refused(() => readText(path), "is missing");
    mkdirSync(path);
    refused(() => readText(path), "is a folder");
    path = join(folder, "none", "f");
    refused(() => writeText(path, ""), "is missing");
    writeFileSync(join(folder, "none"), "");
    refused(() => readText(path), "is not in a folder");
    refused(() => writeText(path, ""), "is not in a folder");
  });

  describe("of JSON", () => {
    const read = (json: unknown) => json;

    it("are read", () => {
      writeText(path, '{"a": [1]}');
      assert.deepEqual(readJson(path, read), { a: [1] });
    });

    it("are refused with the place where they go wrong, and nothing of what stands there", () => {
      const cases: [string, string][] = [
        ["", "line 1, column 1"],
        ['{"psk": c0ffee}', "line 1, column 9"],
        ['{\n  "psk": "c0ffee",\n}', "line 3, column 1"],
        ['{"psk": "c0ff', "line 1, column 14"],
        ['{"a": 1} c0ffee', "line 1, column 10"],
        ['["a" "b"]', "line 1, column 6"],
        ['{"a": tru, "b": 1}', "line 1, column 10"],
        ["[01]", "line 1, column 3"],
        ['["\\x"]', "line 1, column 4"],
      ];
      for (const [text, place] of cases) {
        writeText(path, text, { replace: true });
        refused(() => readJson(path, read), `${place}: malformed JSON`);
      }
    });

    it("are refused with the member that is wrong", () => {
      writeText(path, "{}");
      refused(
        () =>
          readJson(path, () => {
            throw new SyntaxError("psk: expected 16 bytes in hex");
          }),
        "psk: expected 16 bytes in hex",
      );
      assert.throws(
        () =>
          readJson(path, () => {
            throw new Error("not the file's fault");
          }),
        { message: "not the file's fault" },
      );
    });

    it("go wrong where the first character stands that no continuation allows", () => {
      fc.assert(
        fc.property(
          fc.json(),
          fc.nat(),
          fc.constantFrom("}", "]", ":", ",", "x", "\u0001"),
          (json, at, wrong) => {
            const place = at % (json.length + 1);
            const text = json.slice(0, place) + wrong + json.slice(place);
            try {
              JSON.parse(text);
            } catch {
              const offset = jsonErrorOffset(text);
              // What stands before the place is as it was, and could have gone on well.
              assert.ok(offset >= place && offset <= text.length, `${text} at ${place}: ${offset}`);
            }
          },
        ),
      );
    });
  });
});
