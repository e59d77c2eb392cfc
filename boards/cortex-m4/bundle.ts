/** Makes one script of the firmware for the board: TypeScript's output of an entry module and all that it imports. */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type Plugin } from "esbuild";

/** The compiled tree: this file runs as dist/boards/cortex-m4/bundle.js. */
const compiled = fileURLToPath(new URL("../../", import.meta.url));

/** A function whose whole body calls one native with the function's own parameters. */
const shim =
  /(export )?function (\w+)\(([^)]*)\) \{\s*(?:return )?native\("(\w+)"\)\.call\(this(?:, )?([^)]*)\);\s*\}/g;

/**
 * Such a function becomes the native itself, as Moddable's compiler has it ("XS in C", Native): a call goes from the
 * script to C without another in between, and one that nobody calls is left out.
 */
export function linkNatives(source: string): string {
  return source.replace(
    shim,
    (whole, exported: string | undefined, name: string, parameters: string, native: string, args: string) =>
      parameters === args ? `${exported ?? ""}const ${name} = /* @__PURE__ */ native("${native}");` : whole,
  );
}

/**
 * `native("xs_name")` in the finished script, where a property of `native` stands for it (boards/engine/natives.c): xsc
 * leaves no call either.
 */
const named = /\bnative\("(\w+)"\)/g;

/** Modules that firmware/native has in C, by the end of their paths in the compiled tree. */
export const inC: readonly (readonly [reference: string, native: string])[] = [
  ["protocol/bytes.js", "firmware/native/bytes/bytes.js"],
  ["protocol/coap/message.js", "firmware/native/coap-message.js"],
  ["protocol/shares/field.js", "firmware/native/shares/field.js"],
  ["boards/linux/steps.js", "firmware/native/exchange/exchange.js"],
];

/** An esbuild plugin that puts the modules in C in the place of their references; `root` is the compiled tree. */
export function useC(root: string): Plugin {
  return {
    name: "modules in C",
    setup({ onLoad }) {
      for (const [reference, native] of inC) {
        const contents = `export * from ${JSON.stringify(join(root, native))};`;
        onLoad({ filter: new RegExp(`/${reference.replaceAll(".", "\\.")}$`) }, () => ({
          contents,
          resolveDir: root,
        }));
      }
    },
  };
}

/** The script of an entry module of this folder, as strict as a module. Private members stay what they are: WeakMaps in their place cost more. */
export async function bundleFirmware(entry: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(entry, import.meta.url))],
    bundle: true,
    write: false,
    format: "iife",
    platform: "neutral",
    target: "es2022",
    banner: { js: '"use strict";' },
    logLevel: "silent",
    plugins: [
      useC(compiled),
      {
        name: "natives",
        setup({ onLoad }) {
          onLoad({ filter: /\.js$/ }, async ({ path }) => ({
            contents: linkNatives(await readFile(path, "utf8")),
          }));
        },
      },
    ],
  });
  return outputFiles[0].text.replace(named, "native.$1");
}
