/** What is in the image of a board that the Moddable SDK builds, read from the manifests. No SDK is needed here. */

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository: this file runs as dist/test/boards/images.js. */
export const root = fileURLToPath(new URL("../../../", import.meta.url));

interface Manifest {
  readonly include?: string | readonly string[];
  readonly modules?: Readonly<Record<string, string | readonly string[]>>;
  readonly preload?: readonly string[];
  readonly platforms?: Readonly<Record<string, Manifest>>;
}

export interface ImageContents {
  /** Modules of ours: the module's name, and the TypeScript file that it comes from. */
  readonly modules: Map<string, string>;
  /** Those that are evaluated when the image is linked. */
  readonly preload: string[];
  /** Our C, relative to the repository. */
  readonly c: string[];
}

/** The contents of a manifest and all that it includes, for a platform of mcconfig's ("nrf52/dk"). */
export function contentsOf(file: string, platform: string): ImageContents {
  const folder = dirname(file);
  const modules = new Map<string, string>();
  const preload: string[] = [];
  const c: string[] = [];
  const add = ({ include = [], modules: entries = {}, preload: preloaded = [] }: Manifest): void => {
    for (const included of [include].flat()) {
      if (included.startsWith("$(")) continue;
      const inner = contentsOf(join(folder, included), platform);
      for (const [name, source] of inner.modules) modules.set(name, source);
      preload.push(...inner.preload);
      c.push(...inner.c);
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
        c.push(...files.filter((name) => name.endsWith(".c")).map((name) => relative(root, name)));
      }
    }
  };
  const manifest = JSON.parse(readFileSync(file, "utf8")) as Manifest;
  add(manifest);
  const [name] = platform.split("/");
  const section = manifest.platforms?.[platform] ?? manifest.platforms?.[`${name}/*`];
  if (platform.includes("/")) add(section ?? {});
  else add(manifest.platforms?.[platform] ?? {});
  return { modules, preload, c: [...new Set(c)] };
}

/** What a compiled module and all that it imports are called, relative to dist/; packages and the SDK left out. */
export function importsOf(entry: string): Set<string> {
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
