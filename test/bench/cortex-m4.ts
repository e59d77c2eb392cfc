/**
 * What an exchange costs on a Cortex-M4, phase by phase.
 *
 *   node dist/test/bench/cortex-m4.js [--json] [--functions N] [--record]
 *
 * Prints tables, or with --json one object; --functions adds the N most expensive functions; --record makes the
 * figures those of budgets.json, for a change that is meant.
 */

import { parseArgs } from "node:util";
import { buildImage } from "../../boards/cortex-m4/build.js";
import { runImage } from "../../boards/cortex-m4/emulator.js";
import { EngineUnavailableError } from "../../boards/engine/source.js";
import { ScriptedExchange, standardPlan } from "./exchange.js";
import {
  brokenBudgets,
  buildImages,
  type FigureName,
  measureFigures,
  readBudgets,
  record,
} from "./figures.js";
import { type Profile, Profiler } from "./profile.js";

const { values } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    functions: { type: "string", default: "0" },
    record: { type: "boolean", default: false },
  },
});
const onProgress = (line: string): boolean => process.stderr.write(`${line}\n`);

async function profiled(): Promise<Profile> {
  const image = await buildImage({ purpose: "profile", onProgress });
  const profiler = new Profiler(image.path);
  const { onName, onRecords } = profiler;
  await runImage(image, Object.assign(new ScriptedExchange(standardPlan), { onName, onRecords }), 120_000);
  return profiler.profile();
}

function table(rows: readonly (readonly (string | number)[])[]): string {
  const texts = rows.map((row) => row.map((cell) => (typeof cell === "number" ? grouped(cell) : cell)));
  const widths = texts[0].map((_, i) => Math.max(...texts.map((row) => row[i].length)));
  const line = (row: readonly string[], i: number): string =>
    row
      .map((text, c) => (typeof rows[i][c] === "number" ? text.padStart(widths[c]) : text.padEnd(widths[c])))
      .join("  ");
  return texts.map((row, i) => line(row, i).trimEnd()).join("\n");
}

function grouped(value: number): string {
  return `${value}`.replace(/\B(?=(\d{3})+$)/g, " ");
}

async function main(): Promise<void> {
  const images = await buildImages(onProgress);
  const { board: image } = images;
  const { figures, board, device } = await measureFigures(images, standardPlan);
  const { phases, functions, instructions } = await profiled();
  if (values.record) record(figures);
  const budgets = readBudgets();
  const broken = brokenBudgets(figures, budgets);
  const costly = functions.slice(0, Number(values.functions));
  if (values.json) {
    const { engine, flashBytes } = image;
    const result = {
      engine,
      plan: standardPlan,
      figures,
      flashBytes,
      board,
      device,
      phases,
      functions: costly,
      budgets,
      broken,
    };
    process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
    return;
  }
  const names = Object.keys(budgets.recorded) as FigureName[];
  const { recorded } = budgets;
  const goals: Partial<Record<FigureName, number>> = budgets.goals;
  process.stdout.write(
    `${image.engine}, one exchange 2-of-3, software cryptography\n\n` +
      `${table([["", "now", "recorded", "goal"], ...names.map((name) => [name, figures[name], recorded[name], goals[name] ?? ""])])}\n\n` +
      `${table([["phase", "times", "instructions"], ...phases.map((p) => [p.name, p.calls, p.instructions])])}\n\n` +
      `Counted in an image that records every call and makes no tail calls: ${grouped(instructions)} instructions.\n`,
  );
  if (costly.length > 0) {
    const rows = costly.map(({ name, calls, own, all }) => [name, calls, own, all]);
    process.stdout.write(`\n${table([["function", "calls", "own", "with what it called"], ...rows])}\n`);
  }
  if (broken.length > 0) process.stdout.write(`\nover budget: ${broken.join("; ")}\n`);
}

try {
  await main();
} catch (error) {
  if (!(error instanceof EngineUnavailableError)) throw error;
  process.stderr.write(`skipped: ${error.message}\n`);
}
