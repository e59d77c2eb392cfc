/** `--html`: one page that needs no other file and no network, with the trace to zoom into and the table beside it. */

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { formatQuantity } from "../quantity.js";
import type { Piece } from "./collect.js";
import type { Figures } from "./figures.js";
import type { Picture } from "./overview.js";
import { pageScript, pageStyle } from "./page-script.js";

/** Phases that can be drawn; a trace with more is drawn up to there, and the page says so. */
const MOST_PHASES = 20_000;

export interface PageOptions {
  readonly figures: Figures;
  /** One for each trace. */
  readonly pictures: readonly Picture[];
  readonly phases: readonly Piece[];
}

/** The page. */
export function reportPage({ figures, pictures, phases }: PageOptions): string {
  const require = createRequire(import.meta.url);
  const asset = (name: string) => readFileSync(require.resolve(`uplot/dist/${name}`), "utf8");
  const drawn = phases.slice(0, MOST_PHASES);
  const notes = [...figures.notes];
  if (drawn.length < phases.length)
    notes.push(`only the first ${MOST_PHASES} of ${phases.length} phases are coloured`);
  const names = figures.rows.filter(({ kind }) => kind === "phase").map(({ name }) => name);
  const data = {
    figures: { ...figures, notes },
    names,
    table: figures.rows.map(cellsOf),
    traces: pictures.map((picture, trace) => ({
      name: figures.traces[trace].file,
      ...encoded(picture),
      phases: drawn
        .filter((piece) => piece.trace === trace)
        .map((piece) => [names.indexOf(piece.name), piece.start, piece.start + piece.seconds]),
    })),
  };
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Energy: ${escaped(figures.traces.map(({ file }) => file).join(", "))}</title>
<style>${asset("uPlot.min.css")}
${pageStyle}</style>
</head>
<body>
<header><h1>Energy</h1><label>Trace <select id="trace"></select></label>
<label><input type="checkbox" id="log"> logarithmic</label> <span>drag to zoom, double-click for all</span></header>
<div id="legend"></div>
<div id="plot"></div>
<table id="figures"></table>
<ul id="notes"></ul>
<script>${inline(asset("uPlot.iife.min.js"))}</script>
<script id="data" type="application/json">${JSON.stringify(data).replace(/</g, "\\u003c")}</script>
<script>${pageScript}</script>
</body>
</html>
`;
}

/** As in the table for people. */
function cellsOf({
  name,
  count,
  unreliable,
  time,
  charge,
  energy,
  current,
  peak,
}: Figures["rows"][number]): string[] {
  return [
    name,
    `${count}${unreliable > 0 ? "*" : ""}`,
    formatQuantity(time.mean, "s"),
    formatQuantity(charge.mean, "C"),
    formatQuantity(charge.deviation, "C", 2),
    energy === undefined ? "–" : formatQuantity(energy.mean, "J"),
    energy === undefined ? "–" : formatQuantity(energy.deviation, "J", 2),
    energy === undefined ? "–" : formatQuantity(energy.total, "J"),
    formatQuantity(current, "A"),
    formatQuantity(peak, "A"),
  ];
}

function encoded({ times, least, mean, most }: Picture): Record<string, string> {
  const text = (values: Float32Array | Float64Array) =>
    Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString("base64");
  return { times: text(times), least: text(least), mean: text(mean), most: text(most) };
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** A script that can stand in a page. */
function inline(script: string): string {
  return script.replace(/<\/script/gi, "<\\/script");
}
