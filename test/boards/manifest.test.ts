/** manifest.json names the modules of an image: all that a board imports, and none besides. No SDK is needed here. */

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { contentsOf, importsOf, root } from "./images.js";

describe("manifest.json", () => {
  for (const [platform, entry] of [
    ["lin", "boards/simulator/main"],
    ["lin/moddable_four", "boards/simulator/screen/main"],
    ["nrf52/dk", "boards/nrf52/main"],
    ["esp32/esp32c6", "boards/esp32/main"],
  ]) {
    it(`names what ${platform} imports, and nothing else`, () => {
      const { modules } = contentsOf(join(root, "manifest.json"), platform);
      const imported = importsOf(entry);
      // The simulator's two mains share a folder; one of them is not started.
      const named = [...modules.keys()].filter((name) => name !== "boards/simulator/main");
      imported.delete("boards/simulator/main");
      assert.deepEqual(named.sort(), [...imported].sort());
    });

    it(`has on ${platform} all modules but the one that starts in flash`, () => {
      // By name: mcconfig 8.2.3 preloads no TypeScript for a pattern with a star.
      const { modules, preload } = contentsOf(join(root, "manifest.json"), platform);
      const expected = [...modules.keys()].filter((name) => !/^boards\/.*\/main$/.test(name));
      assert.deepEqual(preload.sort(), expected.sort());
    });
  }

  it("names what a measuring board imports, and nothing else", () => {
    const { modules, preload } = contentsOf(join(root, "boards/meter/manifest.json"), "nrf52/dk");
    const imported = [...importsOf("boards/meter/main")].sort();
    assert.deepEqual([...modules.keys()].sort(), imported);
    assert.deepEqual(
      preload.sort(),
      imported.filter((name) => !name.endsWith("/main")),
    );
  });

  it("has for marks what the pins import beside an image's own", () => {
    const marks = contentsOf(join(root, "boards/moddable/marks/manifest.json"), "nrf52");
    const image = contentsOf(join(root, "manifest.json"), "nrf52/dk");
    for (const name of importsOf("boards/moddable/marks/pins"))
      assert.ok(marks.modules.has(name) !== image.modules.has(name), name);
    assert.deepEqual(marks.preload.sort(), [...marks.modules.keys()].sort());
  });

  it("takes C where a module has it", () => {
    const { modules } = contentsOf(join(root, "manifest.json"), "nrf52/dk");
    assert.equal(modules.get("protocol/shares/field"), "firmware/native/shares/field.ts");
    assert.equal(modules.get("protocol/coap/message"), "firmware/native/coap-message.ts");
  });

  it("has in C no name of the engine's that no script has: mcconfig strips what those stand for", () => {
    const { modules, c } = contentsOf(join(root, "manifest.json"), "nrf52/dk");
    const scripts = [...modules.values()].map((file) => readFileSync(join(root, file), "utf8")).join("\n");
    const names = c.flatMap((file) => [
      ...readFileSync(join(root, file), "utf8").matchAll(/xsmc(?:Get|Call|New|Has)\(.*xsID\("(\w+)"\)/g),
    ]);
    assert.ok(names.length > 0);
    for (const [line, name] of names) assert.match(scripts, new RegExp(`\\b${name}\\b`), line);
  });

  it("has no two C files of one name: mcconfig would take one for the other and say nothing", () => {
    const names = new Map<string, string>();
    for (const folder of [
      "firmware",
      "boards/simulator",
      "boards/nrf52",
      "boards/esp32",
      "boards/moddable",
    ]) {
      for (const file of readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })) {
        if (!file.endsWith(".c")) continue;
        const other = names.get(basename(file));
        assert.equal(other, undefined, `${folder}/${file} and ${other}`);
        names.set(basename(file), `${folder}/${file}`);
      }
    }
    assert.ok(names.size > 10);
  });
});
