/** A report as text: a table for people, CSV for spreadsheets. */

import { table } from "../../simulation/report.js";
import type { Life } from "../battery.js";
import { fixed, formatQuantity, formatTime, type Unit } from "../quantity.js";
import type { Figures, Row } from "./figures.js";
import type { Summary } from "./statistics.js";

/** For people, in lines of at most 120 columns. */
export function reportText(figures: Figures, life: Life | undefined): string {
  const { traces, rows, floor, sleep, notes } = figures;
  const lines = traces.map(
    ({ file, meter, samples, seconds, samplesPerSecond, volts }) =>
      `${file}: ${meter}, ${samples} samples, ${fixed(seconds, 6)} s at ${fixed(samplesPerSecond, 6)}/s, ${supply(volts)}`,
  );
  const group = rows.filter(({ kind }) => kind === "wake-up");
  const all = [...rows.filter(({ kind }) => kind === "phase"), ...group];
  const cells = all.map((row) => [
    row.name,
    `${row.count}${row.unreliable > 0 ? "*" : ""}`,
    ...repeats(row.time, "s"),
    ...repeats(row.charge, "C"),
    ...(row.energy === undefined ? ["–", ""] : repeats(row.energy, "J")),
    formatQuantity(row.current, "A"),
    formatQuantity(row.peak, "A"),
  ]);
  lines.push(
    "",
    ...table(
      [["phase", "n", "time", "± s", "charge", "± s", "energy", "± s", "average", "peak"], ...cells],
      [1, 2, 3, 4, 5, 6, 7, 8, 9],
    ),
    "",
  );
  for (const row of group) lines.push(...interval(row));
  if (floor !== undefined)
    lines.push(`the floor of ${formatQuantity(floor, "A")} is taken off all phases but sleep`);
  else if (sleep !== undefined)
    lines.push(`idle floor ${formatQuantity(sleep, "A")}, included in all figures`);
  if (life !== undefined) lines.push("", ...lifeText(life));
  if (notes.length > 0) lines.push("", ...notes.map((note) => `! ${note}`));
  return `${lines.join("\n")}\n`;
}

function supply(volts: number | "measured" | undefined): string {
  if (volts === undefined) return "voltage unknown (--volts)";
  return volts === "measured" ? "voltage measured" : `${volts} V`;
}

function repeats(summary: Summary, unit: Unit): [string, string] {
  const { mean, deviation } = summary;
  return [formatQuantity(mean, unit), Number.isFinite(deviation) ? formatQuantity(deviation, unit, 2) : ""];
}

function interval({ name, count, energy, charge }: Row): string[] {
  const [summary, unit]: [Summary, Unit] = energy === undefined ? [charge, "C"] : [energy, "J"];
  if (count < 2) return [];
  const { mean, confidence } = summary;
  const [low, high] = [mean - confidence, mean + confidence].map((value) => formatQuantity(value, unit));
  return [`${name}: the mean lies between ${low} and ${high} (95 %, Student's t, n = ${count})`];
}

/** A cell's life, line by line. */
export function lifeText({ cell, floor, recurring, selfDischarge, amperes, seconds }: Life): string[] {
  const rows = [
    ["floor", formatQuantity(floor, "A")],
    ...recurring.map(({ name, every, amperes: part }) => [
      `${name} every ${formatTime(every)}`,
      formatQuantity(part, "A"),
    ]),
    ["self-discharge", formatQuantity(selfDischarge, "A")],
    ["together", formatQuantity(amperes, "A")],
  ];
  return [
    `${cell.name}, ${fixed(cell.capacity / 3.6, 4)} mAh: ${formatTime(seconds)}`,
    ...table([["from the cell", "mean current"], ...rows], [1]),
  ];
}

/** One line a row, SI units, 95 % as half the interval's width. */
export function reportCsv({ rows }: Figures): string {
  const summary = (name: string, unit: string) =>
    ["mean", "deviation", "confidence95"].map((s) => `${name}_${s}_${unit}`);
  const heading = [
    ...["name", "kind", "count", "unreliable", "cut"],
    ...[...summary("time", "s"), ...summary("charge", "C"), ...summary("energy", "J")],
    ...["current_A", "peak_A"],
  ];
  const values = (one: Summary | undefined) => [one?.mean, one?.deviation, one?.confidence].map(number);
  const lines = rows.map((row) => [
    ...[row.name, row.kind, row.count, row.unreliable, row.cut],
    ...[...values(row.time), ...values(row.charge), ...values(row.energy)],
    ...[number(row.current), number(row.peak)],
  ]);
  return `${[heading, ...lines].map((line) => line.join(",")).join("\n")}\n`;
}

function number(value: number | undefined): string {
  return value === undefined || !Number.isFinite(value) ? "" : `${value}`;
}
