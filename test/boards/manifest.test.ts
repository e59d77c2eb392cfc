/** manifest.json names the modules of an image: all that a board imports, and none besides. No SDK is needed here. */

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../../", import.meta.url));

interface Manifest {
  readonly include?: string | readonly string[];
  readonly modules?: Readonly<Record<string, string | readonly string[]>>;
  readonly preload?: readonly string[];
  readonly platforms?: Readonly<Record<string, Manifest>>;
}

/**
 * Modules of ours in the image of a platform: the module's name, and the TypeScript file that it comes from. With
 * them, those that are evaluated when the image is linked.
 */
function modulesOf(file: string, platform: string): { modules: Map<string, string>; preload: string[] } {
  const folder = dirname(file);
  const modules = new Map<string, string>();
  const preload: string[] = [];
  const add = ({ include = [], modules: entries = {}, preload: preloaded = [] }: Manifest): void => {
    for (const included of [include].flat()) {
      if (included.startsWith("$(")) continue;
      const inner = modulesOf(join(folder, included), platform);
      for (const [name, source] of inner.modules) modules.set(name, source);
      preload.push(...inner.preload);
    }
    preload.push(...preloaded.filter((name) => !name.startsWith("embedded:")));
    for (const [key, sources] of Object.entries(entries)) {
      for (const source of [sources].flat()) {
        if (source.startsWith("$(")) continue;
        const path = join(folder, source);
        const names = source.endsWith("*")
          ? readdirSync(dirname(path)).map((name) => join(dirname(path), name))
          : [`${path}.ts`, `${path}.c`];
        const files = names.filter((name) => existsSync(name));
        assert.ok(files.length > 0, `${relative(root, file)}: ${source} is no file`);
        for (const name of files.filter((name) => name.endsWith(".ts") && !name.endsWith(".d.ts"))) {
          modules.set(key.replace("*", basename(name, ".ts")), relative(root, name));
        }
      }
    }
  };
  const manifest = JSON.parse(readFileSync(file, "utf8")) as Manifest;
  add(manifest);
  const [name] = platform.split("/");
  const section = manifest.platforms?.[platform] ?? manifest.platforms?.[`${name}/*`];
  if (platform.includes("/")) add(section ?? {});
  else add(manifest.platforms?.[platform] ?? {});
  return { modules, preload };
}

/** What a compiled module and all that it imports are called, relative to dist/; packages and the SDK left out. */
function importsOf(entry: string): Set<string> {
  const dist = join(root, "dist");
  const found = new Set<string>();
  const visit = (file: string): void => {
    const name = relative(dist, file).replace(/\.js$/, "");
    if (found.has(name)) return;
    found.add(name);
    for (const [, specifier] of readFileSync(file, "utf8").matchAll(
      /^(?:import|export)\b[^"]*"(\.[^"]+)"/gm,
    )) {
      visit(resolve(dirname(file), specifier));
    }
  };
  visit(join(dist, `${entry}.js`));
  return found;
}

describe("manifest.json", () => {
  for (const [platform, entry] of [
    ["lin", "boards/simulator/main"],
    ["lin/moddable_four", "boards/simulator/screen/main"],
    ["nrf52/dk", "boards/nrf52/main"],
    ["esp32/esp32c6", "boards/esp32/main"],
  ]) {
    it(`names what ${platform} imports, and nothing else`, () => {
      const { modules } = modulesOf(join(root, "manifest.json"), platform);
      const imported = importsOf(entry);
      // The simulator's two mains share a folder; one of them is not started.
      const named = [...modules.keys()].filter((name) => name !== "boards/simulator/main");
      imported.delete("boards/simulator/main");
      assert.deepEqual(named.sort(), [...imported].sort());
    });

    it(`has on ${platform} all modules but the one that starts in flash`, () => {
      // By name: mcconfig 8.2.3 preloads no TypeScript for a pattern with a star.
      const { modules, preload } = modulesOf(join(root, "manifest.json"), platform);
      const expected = [...modules.keys()].filter((name) => !/^boards\/.*\/main$/.test(name));
      assert.deepEqual(preload.sort(), expected.sort());
    });
  }

  it("names what a measuring board imports, and nothing else", () => {
    const { modules, preload } = modulesOf(join(root, "boards/meter/manifest.json"), "nrf52/dk");
    const imported = [...importsOf("boards/meter/main")].sort();
    assert.deepEqual([...modules.keys()].sort(), imported);
    assert.deepEqual(
      preload.sort(),
      imported.filter((name) => !name.endsWith("/main")),
    );
  });

  it("has for marks what the pins import beside an image's own", () => {
    const marks = modulesOf(join(root, "boards/moddable/marks/manifest.json"), "nrf52");
    const image = modulesOf(join(root, "manifest.json"), "nrf52/dk");
    for (const name of importsOf("boards/moddable/marks/pins"))
      assert.ok(marks.modules.has(name) !== image.modules.has(name), name);
    assert.deepEqual(marks.preload.sort(), [...marks.modules.keys()].sort());
  });

  it("takes C where a module has it", () => {
    const { modules } = modulesOf(join(root, "manifest.json"), "nrf52/dk");
    assert.equal(modules.get("protocol/shares/field"), "firmware/native/shares/field.ts");
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
