/**
 * `node dist/test/formal/record.js [MODEL]`: runs what runs.ts lists and writes it under recorded/, with the tool's
 * version and the SHA-256 of the text that it was given. Exit code 1 when something else comes out than is expected.
 */

import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { maudeRuns, nameOf, proverifRuns, type Run, recordOf } from "./runs.js";
import { folder, maude, proverif, type Tool } from "./tools.js";
import { digestOf } from "./variant.js";

/** Milliseconds for one run. */
const LONGEST = 1_800_000;

const only = process.argv[2];

async function record(tool: Tool, name: string, run: Run): Promise<void> {
  const { holds, output } = await tool.check(run, LONGEST);
  const digest = digestOf(await tool.text(run));
  const file = join(folder, "recorded", recordOf(run));
  await mkdir(dirname(file), { recursive: true });
  const verdict = holds ? "holds" : "broken";
  const head = `tool: ${name} ${tool.version()}\nsha-256: ${digest}\nverdict: ${verdict}\n\n`;
  await writeFile(file, `${head}${output.trimEnd()}\n`);
  console.log(`${holds === run.holds ? "as expected" : "NOT EXPECTED"}  ${run.model}: ${nameOf(run)}`);
  if (holds !== run.holds) process.exitCode = 1;
}

const chosen = (runs: readonly Run[]) => runs.filter(({ model }) => only === undefined || model === only);
for (const run of chosen(maudeRuns)) await record(maude, "Maude", run);
for (const run of chosen(proverifRuns)) await record(proverif, "ProVerif", run);
