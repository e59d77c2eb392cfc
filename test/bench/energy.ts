/**
 * How fast and in how much memory a long trace is read: half an hour at 100,000 samples a second, as the meter's own
 * file and, with --csv, as its export.
 *
 *   node dist/test/bench/energy.js [--samples N] [--csv] [--json]
 *
 * Writes the trace into a folder that is gone afterwards, reads the file alone, then has a process of its own report
 * it, and prints peak memory and both times. 180 million samples take 1.1 GB of disk.
 */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createReadStream, createWriteStream, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Ppk2Writer } from "../../host/energy/traces/ppk2-writer.js";
import { phaseCodes } from "../../protocol/marks.js";

const { values } = parseArgs({
  options: {
    samples: { type: "string", default: "180000000" },
    csv: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
  },
});
const RATE = 100_000;
/** Samples of a phase, one after the other in the order of a wake-up. */
const PHASE = 20_000;
const MICROAMPERES = [3, 3300, 3300, 3300, 3300, 8100, 8600, 3300];
const main = fileURLToPath(new URL("../../host/cli/main.js", import.meta.url));

const sampleAt = (i: number): [number, number] => {
  const phase = Math.floor(i / PHASE) % phaseCodes.length;
  // It swings, so that nothing can be guessed from the sample before.
  return [MICROAMPERES[phase] * (0.9 + ((i * 7919) % 1000) / 5000), phaseCodes[phase].three];
};

async function write(file: string, samples: number): Promise<void> {
  if (!values.csv) {
    const writer = new Ppk2Writer(file, { samplesPerSecond: RATE, millivolts: 3000 });
    for (let i = 0; i < samples; i++) writer.add(...sampleAt(i));
    writer.close();
    return;
  }
  const out = createWriteStream(file, { highWaterMark: 1 << 20 });
  out.write("Timestamp(ms),Current(uA),D0-D7\n");
  for (let i = 0; i < samples; ) {
    let text = "";
    for (const end = Math.min(samples, i + 10_000); i < end; i++) {
      const [current, levels] = sampleAt(i);
      text += `${i / 100},${current.toFixed(3)},${levels & 1}${(levels >> 1) & 1}${levels >> 2}00000\n`;
    }
    if (!out.write(text)) await once(out, "drain");
  }
  out.end();
  await once(out, "finish");
}

async function readAlone(file: string): Promise<number> {
  const start = performance.now();
  for await (const _ of createReadStream(file, { highWaterMark: 1 << 19 }));
  return (performance.now() - start) / 1000;
}

interface Result {
  readonly seconds: number;
  readonly peakMegabytes: number;
  readonly samples: number;
  readonly joules: number;
}

/** The report, as a process of its own whose peak memory the kernel has counted. */
async function report(file: string): Promise<Result> {
  const start = performance.now();
  const args = [main, "energy", "report", file, "--volts", "3V", "--json"];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  let peak = 0;
  const poll = setInterval(() => {
    try {
      const [, kilobytes] = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8")) ?? [];
      peak = Math.max(peak, Number(kilobytes ?? 0));
    } catch (error) {
      // It has just ended.
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
  }, 50);
  let out = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    out += text;
  });
  const [code] = (await once(child, "close")) as [number];
  clearInterval(poll);
  if (code !== 0) throw new Error(`symbolon energy report ended with ${code}`);
  const { traces, rows } = JSON.parse(out);
  const joules = rows
    .filter(({ kind }: { kind: string }) => kind === "phase")
    .reduce((sum: number, row: { energy: { total: number } }) => sum + row.energy.total, 0);
  const seconds = (performance.now() - start) / 1000;
  return { seconds, peakMegabytes: Math.round(peak / 1024), samples: traces[0].samples, joules };
}

const folder = mkdtempSync(join(tmpdir(), "symbolon-bench-"));
try {
  const samples = Number(values.samples);
  const file = join(folder, values.csv ? "trace.csv" : "trace.ppk2");
  process.stderr.write(`writing ${samples} samples\n`);
  await write(file, samples);
  const bytes = statSync(file).size;
  // Once to bring it into the page cache, for both alike.
  await readAlone(file);
  const alone = await readAlone(file);
  const result = await report(file);
  const figures = { bytes, ...result, aloneSeconds: alone, ratio: result.seconds / alone };
  if (values.json) process.stdout.write(`${JSON.stringify(figures, null, 2)}\n`);
  else {
    process.stdout.write(
      `${samples} samples, ${(bytes / 1e6).toFixed(0)} MB: read alone in ${alone.toFixed(2)} s, reported in ` +
        `${result.seconds.toFixed(2)} s, ${figures.ratio.toFixed(1)} times as long, ` +
        `${(samples / result.seconds / 1e6).toFixed(1)} million samples a second, peak ${result.peakMegabytes} MB\n`,
    );
  }
} finally {
  rmSync(folder, { recursive: true });
}
