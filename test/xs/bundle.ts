/** Makes one script for XS of all tests that have to hold on both engines. */

import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { useC } from "../../boards/cortex-m4/bundle.js";

/** Compiled tests: this file runs as dist/test/xs/bundle.js. */
const testRoot = fileURLToPath(new URL("../", import.meta.url));
const folders = ["protocol", "firmware"];

/**
 * Writes the bundle of dist/test/protocol and dist/test/firmware to `outfile`. es2021, since this XS stumbles over
 * class fields that esbuild leaves as they are.
 */
export async function bundleTests(outfile: string): Promise<void> {
  const files = (await Promise.all(folders.map(testFiles))).flat().sort();
  const lines = files.map((file) => `import ${JSON.stringify(`./${file}`)};`);
  await build({
    stdin: {
      contents: `import { run } from "./xs/harness.js";\n${lines.join("\n")}\nawait run();\n`,
      resolveDir: testRoot,
    },
    outfile,
    bundle: true,
    format: "esm",
    platform: "neutral",
    mainFields: ["module", "main"],
    target: "es2021",
    supported: { "top-level-await": true },
    logLevel: "silent",
    plugins: [
      useC(join(testRoot, "..")),
      {
        name: "board primitives",
        setup(build) {
          build.onResolve({ filter: /\/support\/primitives\.js$/ }, () => ({
            path: join(testRoot, "xs", "primitives.js"),
          }));
        },
      },
    ],
  });
}

async function testFiles(folder: string): Promise<string[]> {
  const names = await readdir(join(testRoot, folder), { recursive: true }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return [];
      throw error;
    },
  );
  return names.filter((name) => name.endsWith(".test.js")).map((name) => `${folder}/${name}`);
}
