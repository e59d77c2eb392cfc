/** A simulation's results as text for people: tables of at most 100 columns. */

import type { ReadingFigures } from "./readings.js";
import type { Hostility, RepeatResult, RunResult } from "./result.js";

/** One run: every message, the sensor's figures, the fingerprints of both TEKs, and how it ended. */
export function reportRun(run: RunResult, sensor: string, responder: string): string {
  const { device, tek } = run;
  const messages = table(
    [["message", "from", "to", "bytes"], ...run.messages.map((m) => [m.name, m.from, m.to, number(m.bytes)])],
    [3],
  );
  const traffic = table(
    [
      [`at ${sensor}`, "out", "in"],
      ["datagrams", number(device.txDatagrams), number(device.rxDatagrams)],
      ["bytes", number(device.txBytes), number(device.rxBytes)],
    ],
    [1, 2],
  );
  const label = `TEK at ${responder}`.length > `TEK at ${sensor}`.length ? responder : sensor;
  const width = Math.max(`TEK at ${label}`.length, "third parties".length);
  const line = (name: string, value: string) => `  ${name.padEnd(width)}  ${value}`;
  const facts = [
    line("engine", run.engine),
    ...(device.instructions === undefined
      ? [
          line(
            "computrons",
            device.computrons === null ? "– (counted on XS only)" : number(device.computrons),
          ),
        ]
      : [
          line("instructions", number(device.instructions)),
          line(
            "RAM, flash",
            `${number(device.ramBytes ?? null)}, ${number(device.flashBytes ?? null)} bytes`,
          ),
        ]),
    line("peak heap", heap(run)),
    line(
      "third parties",
      run.lost.length === 0
        ? `${run.thirdParties}`
        : `${run.thirdParties}, stopped: ${wrap(run.lost, width + 4)}`,
    ),
    ...(run.liars.length === 0 ? [] : [line("found lying", wrap(run.liars, width + 4))]),
    line(`TEK at ${sensor}`, tek.initiator ?? "none"),
    line(`TEK at ${responder}`, tek.responder ?? "none"),
    ...(run.exchanges === undefined ? [] : [line("exchanges", `${run.exchanges}`)]),
    ...(run.readings === undefined ? [] : [line("readings", readingsText(run.readings))]),
    ...(run.http === undefined
      ? []
      : [line("over HTTP", `${run.http.requests} requests, ${run.http.identical} as they left ${sensor}`)]),
  ];
  if (run.hostile !== undefined) facts.push(line("gateway", hostilityText(run.gateway, run.hostile)));
  const doubt = run.undecided === undefined ? [] : fold(`can't be told: ${run.undecided}`);
  return [...messages, "", ...traffic, "", ...facts, "", ...doubt, ...verdict(run), ""].join("\n");
}

function hostilityText(mode: RunResult["gateway"], it: Hostility): string {
  const { meddled, late, searched, unsearched, breaches } = it;
  const came = breaches.length === 0 ? "nothing came of it" : breaches.join("; ");
  const held = late === 0 ? "" : `${number(late)} with an Echo held past their wake-up, `;
  const places = Object.entries(searched).map(([place, bytes]) => `${number(bytes)} of ${place}`);
  const blind = unsearched === undefined ? "" : `NOT its memory (${unsearched}), `;
  return `${mode}: meddled with ${number(meddled)}, ${held}searched ${places.join(", ")} bytes, ${blind}${came}`;
}

/** Many runs: one line each, then the counts. */
export function reportRuns({ runs, summary }: RepeatResult, firstSeed: number): string {
  const rows = runs.map((run, i) => [
    `${i + 1}`,
    `${firstSeed + i}`,
    run.agreed ? "agreed" : "not agreed",
    run.confirmed ? "yes" : "no",
    `${run.messages.length}`,
    number(run.device.txDatagrams),
    number(run.device.rxDatagrams),
    number(run.elapsedMs),
    run.tek.responder ?? "–",
  ]);
  const lines = table(
    [["run", "seed", "outcome", "confirmed", "messages", "out", "in", "ms", "TEK at the responder"], ...rows],
    [0, 1, 4, 5, 6, 7],
  );
  const reasons = runs.flatMap((run, i) =>
    run.reason === undefined ? [] : fold(`run ${i + 1}: ${run.reason}`),
  );
  const { agreed, confirmed, differentKeys, elapsedMs } = summary;
  return [
    ...lines,
    "",
    ...(reasons.length === 0 ? [] : [...reasons, ""]),
    `${agreed} of ${summary.runs} agreed on ${differentKeys} different ${differentKeys === 1 ? "key" : "keys"}, ` +
      `${confirmed} confirmed; median ${number(elapsedMs.median)} ms, longest ${number(elapsedMs.longest)} ms`,
    "",
  ].join("\n");
}

/** Rows under a heading, as lines: columns two spaces apart, those in `right` aligned to the right. */
export function table(rows: readonly (readonly string[])[], right: readonly number[]): string[] {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const lines = rows.map((row) => {
    const cells = row.map((cell, column) =>
      right.includes(column) ? cell.padStart(widths[column]) : cell.padEnd(widths[column]),
    );
    return `  ${cells.join("  ")}`.trimEnd();
  });
  lines.splice(1, 0, `  ${widths.map((width) => "─".repeat(width)).join("  ")}`);
  return lines;
}

function verdict(run: RunResult): string[] {
  const time = `${number(run.elapsedMs)} ms`;
  if (!run.agreed) return fold(`not agreed after ${time}: ${run.reason}`);
  return [`agreed${run.confirmed ? " and confirmed" : ", not confirmed"} in ${time}`];
}

function readingsText({ sent, received, duplicated, lost, unconfirmed }: ReadingFigures): string {
  return `${sent} sent, ${received} received, ${duplicated} twice, ${lost} lost, ${unconfirmed} unconfirmed`;
}

function heap({ device }: RunResult): string {
  if (device.heapPeakBytes === null) return "– (measured on XS only)";
  const parts =
    device.slotBytes === null || device.chunkBytes === null
      ? ""
      : ` (slots ${number(device.slotBytes)}, chunks ${number(device.chunkBytes)})`;
  return `${number(device.heapPeakBytes)} bytes${parts}`;
}

/** Digits in groups of three. */
function number(value: number | null): string {
  return value === null ? "–" : `${Math.round(value)}`.replace(/\B(?=(\d{3})+$)/g, ",");
}

const COLUMNS = 100;

/** Words joined by ", " over as many lines as needed, the later ones indented. */
function wrap(words: readonly string[], indent: number): string {
  return fold(words.join(", "), COLUMNS - indent - "254, stopped: ".length).join(`\n${" ".repeat(indent)}`);
}

/** A sentence in lines of at most `width` characters. */
function fold(sentence: string, width = COLUMNS): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of sentence.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  lines.push(line);
  return lines;
}
