/** Runs ProVerif and Maude on a text. */

import { execFile, spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { proverifModels, type Run } from "./runs.js";
import { onlyClaim, withoutCheck } from "./variant.js";

const run = promisify(execFile);

/** test/formal in the source tree. */
export const folder = fileURLToPath(new URL("../../../test/formal/", import.meta.url));

/** What a tool said of a claim, and the part of its output that shows it. */
export interface Verdict {
  readonly holds: boolean;
  readonly output: string;
}

/** A model checker: its version, or undefined when it is not installed; the text of a run; what it says of it. */
export interface Tool {
  version(): string | undefined;
  text(run: Run): Promise<string>;
  /** Throws an Error when the tool comes to no end within `timeout` milliseconds, or to none that is a verdict. */
  check(run: Run, timeout: number): Promise<Verdict>;
}

export const proverif: Tool = {
  version() {
    const { stdout } = spawnSync("proverif", ["-help"], { encoding: "utf8", timeout: 10_000 });
    return /^Proverif ([\d.]+\d)/.exec(stdout ?? "")?.[1];
  },
  async text({ model, claim, without }) {
    const parts = proverifModels[model].map((file) => readFile(join(folder, "proverif", file), "utf8"));
    const text = onlyClaim((await Promise.all(parts)).join("\n"), claim);
    return without === undefined ? text : withoutCheck(text, without);
  },
  async check(run, timeout) {
    const output = await onFile("model.pv", await proverif.text(run), "proverif", [], timeout);
    const result = /^RESULT .* (is true|is false|cannot be proved)\.$/m.exec(output)?.[1];
    if (result !== "is true" && result !== "is false") {
      throw new Error(`proverif: no verdict on ${run.claim}: ${result ?? output.slice(-500)}`);
    }
    // The derivation before a trace is about clauses; what happens is in the trace.
    const trace = output.indexOf("A more detailed output of the traces");
    const end = output.lastIndexOf("\nRESULT", output.indexOf("Verification summary"));
    return { holds: result === "is true", output: output.slice(trace >= 0 ? trace : end + 1) };
  },
};

export const maude: Tool = {
  version() {
    const { stdout } = spawnSync("maude", ["--version"], { encoding: "utf8", timeout: 10_000 });
    return /^[\d.]+$/m.exec(stdout ?? "")?.[0];
  },
  async text({ without }) {
    const text = await readFile(join(folder, "maude/exchange.maude"), "utf8");
    return without === undefined ? text : withoutCheck(text, without);
  },
  async check(run, timeout) {
    const text = await maude.text(run);
    const search =
      run.claim === "run-ends"
        ? "search [1] init =>* { delivered(2) S } .\n"
        : `search [1] init =>* SYSTEM such that broken(${run.claim}, SYSTEM) .\n`;
    const ask = (commands: string) =>
      onFile("model.maude", text + commands, "maude", ["-no-banner", "-batch"], timeout);
    const output = await ask(search);
    if (output.includes("Warning:")) throw new Error(`maude: ${output}`);
    if (output.includes("No solution.")) return { holds: true, output };
    const state = /^Solution 1 \(state (\d+)\)$/m.exec(output)?.[1];
    if (state === undefined) throw new Error(`maude: no verdict on ${run.claim}: ${output}`);
    return { holds: false, output: await ask(`${search}show path labels ${state} .\n`) };
  },
};

/** Standard output of a tool on a file with this text, whatever its exit code. */
async function onFile(
  name: string,
  text: string,
  tool: string,
  options: readonly string[],
  timeout: number,
): Promise<string> {
  const place = await mkdtemp(join(tmpdir(), "symbolon-formal-"));
  try {
    const file = join(place, name);
    await writeFile(file, text);
    const child = run(tool, [...options, file], { timeout, killSignal: "SIGKILL", maxBuffer: 1 << 28 });
    child.child.stdin?.end();
    const { stdout, stderr } = await child;
    return stdout + stderr;
  } finally {
    await rm(place, { recursive: true });
  }
}
