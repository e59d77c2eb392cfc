/** The model for people: ledgers, sensitivity, comparison, and what all of it rests on. */

import { table } from "../../simulation/report.js";
import type { Life } from "../battery.js";
import { fixed, formatQuantity } from "../quantity.js";
import { lifeText } from "../report/text.js";
import type { Rival } from "./compare.js";
import { linkModel } from "./links.js";
import { type Ledger, type Model, sensitivityOf } from "./model.js";

export function modelText(model: Model, life: Life): string {
  const { options, currents, exchange, reading, assumptions } = model;
  const { threshold: k, thirdParties: n } = options;
  const sources = new Set([
    ...exchange.lines.map(({ state, source }) => `${state}: ${source}`),
    `LPM: ${currents.sources.LPM}`,
  ]);
  return [
    `a model, nothing of it measured: ${k} of ${n} on ${currents.chip} at ${currents.volts} V over ${linkModel(options.link).title}`,
    "",
    ...ledgerText(exchange),
    "",
    ...ledgerText(reading),
    "",
    ...table(
      [
        ["an exchange's energy, if", "from", "to", "energy from", "to"],
        ...sensitivityOf(model).map(({ name, low, high, lowJoules, highJoules }) => [
          ...[name, low, high],
          ...[formatQuantity(lowJoules, "J"), formatQuantity(highJoules, "J")],
        ]),
      ],
      [1, 2, 3, 4],
    ),
    "",
    ...lifeText(life),
    `  ${life.cell.name}: ${life.cell.source}`,
    "",
    "what it rests on ([confirmed] read in the source, [quoted] read where others repeat the source,",
    "  [unverified] a source that could not be read, [assumed] by this model)",
    ...assumptions.map((assumption) => `  ${assumption}`),
    "currents",
    ...[...sources].map((source) => `  ${source}`),
    "",
  ].join("\n");
}

function ledgerText({
  name,
  messages,
  bytesOut,
  bytesIn,
  frames,
  lines,
  coulombs,
  joules,
}: Ledger): string[] {
  const kinds = new Map<string, { count: number; bytes: number; out: boolean }>();
  for (const { name: message, out, bytes } of messages) {
    const key = `${message} ${out ? "out" : "in"}`;
    kinds.set(key, { count: (kinds.get(key)?.count ?? 0) + 1, bytes, out });
  }
  const said = [...kinds].map(([key, { count, bytes }]) => `${count} × ${key} ${bytes}`).join(", ");
  return [
    `${name}: ${bytesOut} bytes out, ${bytesIn} in, ${frames} frames (${said})`,
    ...table(
      [
        [name, "time", "current", "charge", "energy", "because of"],
        ...lines.map((line) => [
          line.state,
          formatQuantity(line.seconds, "s"),
          formatQuantity(line.amperes, "A", 3),
          formatQuantity(line.coulombs, "C"),
          formatQuantity(line.joules, "J"),
          line.because,
        ]),
        ["together", "", "", formatQuantity(coulombs, "C"), formatQuantity(joules, "J"), ""],
      ],
      [1, 2, 3, 4],
    ),
  ];
}

/** Rows of the comparison, with their sources below. */
export function comparisonText(rivals: readonly Rival[]): string {
  const own = rivals[0].joules;
  return [
    ...table(
      [
        ["key establishment", "energy", "× this", "message bytes", "bytes on air", "instructions", "how"],
        ...rivals.map(({ name, kind, joules, messageBytes, airBytes, instructions, source }) => [
          name,
          formatQuantity(joules, "J"),
          kind === "measured" ? "–" : fixed(joules / own, 3),
          messageBytes === undefined ? "–" : `${messageBytes}`,
          `${airBytes}`,
          instructions === undefined ? "–" : `${instructions}`.replace(/\B(?=(\d{3})+$)/g, " "),
          source.startsWith("[unverified]") ? `${kind}, unverified` : kind,
        ]),
      ],
      [1, 2, 3, 4, 5],
    ),
    "",
    "Message bytes: of key establishment alone, both ways. Bytes on air: frames with all overhead, both ways, modelled",
    "with the link's set-up and without its acknowledgements; of what was measured, as it was reported. [assumed] 18 bytes",
    "of CoAP around each message of EDHOC and MIKEY, none around DTLS.",
    "What was measured also holds what the model leaves out, such as an operating system that waits awake: the two kinds",
    "of rows may be set beside each other, not divided.",
    "",
    "sources",
    ...rivals.map(({ name, source }) => `  ${name}: ${source}`),
    "",
  ].join("\n");
}
