/**
 * `npm run mutations [-- FILE]`: takes each check of checks.ts out of a copy of the build and runs the suites that
 * should miss it. Exit code 1 when a suite passes without a check.
 */

import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { transformSync } from "esbuild";
import { type Mutation, mutations } from "./checks.js";

const root = fileURLToPath(new URL("../../../", import.meta.url));
/** Milliseconds that the suites of one mutation may take: one that makes them hang is found, too. */
const LONGEST = 120_000;
/** And all of those that are chosen, with all checks in place. */
const LONGEST_WHOLE = 1_800_000;

const only = process.argv[2];
const chosen = mutations.filter(({ file }) => only === undefined || file === only);
const copy = mkdtempSync(join(tmpdir(), "symbolon-mutations-"));
let survivors = 0;
try {
  // Tests read sources beside the build; only the build is changed.
  for (const name of readdirSync(root)) {
    if (name !== "dist") symlinkSync(join(root, name), join(copy, name));
  }
  cpSync(join(root, "dist"), join(copy, "dist"), { recursive: true });
  const suites = (readdirSync(join(copy, "dist/test"), { recursive: true }) as string[]).filter((name) =>
    name.endsWith(".test.js"),
  );
  const suitesOf = (mutated: readonly Mutation[]) =>
    suites
      .filter((suite) => mutated.some((mutation) => mutation.suites.some((name) => suite.startsWith(name))))
      .map((suite) => join("dist/test", suite));
  // A suite that fails with all checks in place would miss none of them.
  if (!passes(suitesOf(chosen), LONGEST_WHOLE)) throw new Error("the suites fail as they are");
  for (const mutation of chosen) {
    const { file, find } = mutation;
    const built = join(copy, "dist", file.replace(/\.ts$/, ".js"));
    const before = readFileSync(built);
    writeFileSync(built, mutated(mutation));
    const passed = passes(suitesOf([mutation]));
    writeFileSync(built, before);
    if (passed) survivors++;
    console.log(`${passed ? "NOT FOUND" : "found"}  ${file}: ${find.trim()}`);
  }
} finally {
  rmSync(copy, { recursive: true });
}
console.log(`${chosen.length - survivors} of ${chosen.length} found`);
process.exitCode = survivors === 0 ? 0 : 1;

/** The source without its check, as JavaScript. Throws when the check does not stand there exactly once. */
function mutated({ file, find, replace }: Mutation): string {
  const source = readFileSync(join(root, file), "utf8");
  const parts = source.split(find);
  if (parts.length !== 2) throw new Error(`${file}: ${parts.length - 1} times ${JSON.stringify(find)}`);
  return transformSync(parts.join(replace), { loader: "ts", format: "esm", target: "es2022" }).code;
}

/** Whether there are such suites, and all of them pass. */
function passes(files: readonly string[], longest = LONGEST): boolean {
  if (files.length === 0) throw new Error("there is no such suite");
  const mocha = join(root, "node_modules/mocha/bin/mocha.js");
  const args = [
    "--no-config",
    "--require",
    "dist/test/root-hooks.js",
    "--bail",
    "--timeout",
    "60000",
    ...files,
  ];
  const { status } = spawnSync(process.execPath, [mocha, ...args], {
    cwd: copy,
    stdio: "ignore",
    timeout: longest,
  });
  return status === 0;
}
