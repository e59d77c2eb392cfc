/**
 * The seeded source of randomness and what starts a board for tests are in the image of boards/cortex-m4 alone: keys
 * of every other image come from a generator.
 */

import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { ourSources } from "../../boards/engine/compiler.js";
import { folders as linuxFolders } from "../../boards/linux/build.js";
import { contentsOf, importsOf, root } from "./images.js";

/** Where each board's random bytes come from, and nothing else may. */
const generators: Readonly<Record<string, string>> = {
  lin: "firmware/native/entropy/linux/random.c",
  "lin/moddable_four": "firmware/native/entropy/linux/random.c",
  nrf52: "firmware/native/entropy/nrf52/random-cc310.c",
  "nrf52/dk": "firmware/native/entropy/nrf52/random-cc310.c",
  "nrf52/moddable_four": "firmware/native/entropy/nrf52/random-cc310.c",
  esp32: "firmware/native/entropy/esp32/random-esp.c",
  "esp32/esp32c6": "firmware/native/entropy/esp32/random-esp.c",
};

/** Generators that are no source of keys, of C's libraries and of JavaScript. */
const weakC = /\b(?:s?rand|s?random|rand_r|[dlm]rand48)\s*\(/;
const weakScript = /\bMath\.random\b/;

/** What must not be in an image whose only generator is that one; files are relative to the repository. */
function findings(files: readonly string[], generator: string | undefined): string[] {
  const found: string[] = [];
  for (const file of new Set(files)) {
    const text = readFileSync(join(root, file), "utf8").replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, "");
    if (/^(?:boards\/cortex-m4|test|host)\//.test(file)) found.push(`${file}: no part of an image`);
    if (/\bint entropyFill\(/.test(text) && file.endsWith(".c") && file !== generator)
      found.push(`${file}: another source of entropy`);
    if ((file.endsWith(".ts") ? weakScript : weakC).test(text))
      found.push(`${file}: a generator that is no source of keys`);
  }
  if (generator !== undefined && !files.includes(generator)) found.push(`${generator}: is missing`);
  return found;
}

function filesOf(manifest: string, platform: string): string[] {
  const { modules, c } = contentsOf(manifest, platform);
  return [...modules.values(), ...c];
}

const manifest = join(root, "manifest.json");

describe("entropy of images", () => {
  for (const [platform, generator] of Object.entries(generators)) {
    it(`is the generator's on ${platform}`, () => {
      assert.deepEqual(findings(filesOf(manifest, platform), generator), []);
    });
  }

  const manifests = readdirSync(join(root, "boards"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith("manifest.json"))
    .map((name) => `boards/${name}`);
  for (const name of manifests) {
    it(`is no other in what ${name} adds to an image`, () => {
      for (const platform of Object.keys(generators)) {
        const files = filesOf(join(root, name), platform);
        const known = files.filter((file) => Object.values(generators).includes(file));
        assert.ok(new Set(known).size <= 1, `${known}`);
        assert.deepEqual(findings(files, known[0]), []);
      }
    });
  }

  it("is getrandom's in the Linux process, in every program of it", async () => {
    const { all } = await ourSources(linuxFolders, "linux");
    const programs = ["main", "readings", "slipmux", "gatt", "application"];
    const modules = programs.flatMap((program) => [...importsOf(`boards/linux/${program}`)]);
    const files = [...all, ...modules.map((name) => `${name}.ts`)];
    assert.deepEqual(findings(files, generators.lin), []);
  });

  it("is no generator of a library, which the check would find", () => {
    assert.match("return rand() & 255;", weakC);
    assert.match("const x = Math.random();", weakScript);
    assert.doesNotMatch("entropyFill(random, 4); esp_fill_random(out, 4);", weakC);
  });

  it("is the launcher's on the emulated Cortex-M4, which the check would find anywhere else", async () => {
    const { all } = await ourSources(["boards/cortex-m4/engine"], "cortex-m4");
    const found = findings(all, generators.lin);
    assert.ok(found.includes("boards/cortex-m4/engine/entropy.c: another source of entropy"), `${found}`);
  });

  describe("when a manifest adds", () => {
    const generator = generators["nrf52/dk"];
    for (const [added, complaint] of [
      ["boards/cortex-m4/engine/entropy", "boards/cortex-m4/engine/entropy.c: another source of entropy"],
      ["boards/cortex-m4/engine/*", "boards/cortex-m4/engine/entropy.c: no part of an image"],
      ["boards/cortex-m4/seeded", "boards/cortex-m4/seeded.ts: no part of an image"],
      ["boards/cortex-m4/launch", "boards/cortex-m4/launch.ts: no part of an image"],
      [
        "firmware/native/entropy/linux/random",
        "firmware/native/entropy/linux/random.c: another source of entropy",
      ],
    ]) {
      it(`${added}, it is found`, () => {
        const folder = mkdtempSync(join(tmpdir(), "symbolon-manifest-"));
        try {
          const file = join(folder, "manifest.json");
          const modules = { "*": relative(folder, join(root, added)) };
          writeFileSync(file, JSON.stringify({ include: relative(folder, manifest), modules }));
          const found = findings(filesOf(file, "nrf52/dk"), generator);
          assert.ok(found.includes(complaint), `${found}`);
        } finally {
          rmSync(folder, { recursive: true });
        }
      });
    }
  });
});
