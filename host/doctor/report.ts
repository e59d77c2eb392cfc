/** The limits of a sharing in plain words, and of the common ones as a table for docs/security.md. */

import { MAX_CANDIDATES } from "../../protocol/shares/search.js";
import { table } from "../simulation/report.js";
import type { Limits } from "./limits.js";

/** Rows of liars that are shown. */
const MAX_ROWS = 12;

/** For people, in lines of at most 100 columns. */
export function reportLimits(limits: Limits): string {
  const { threshold: k, privacy: t, thirdParties: n, bitsLeft, silent, lying, bytes } = limits;
  const [none] = lying;
  const scheme = t === k - 1 ? "Shamir's scheme" : t === 0 ? "plain redundancy" : "a ramp scheme";
  const partly = bitsLeft
    .map((bits, known) => ({ bits, known }))
    .filter(({ known }) => known > t && known < k)
    .map(
      ({ bits, known }) =>
        `${known === 1 ? "1 share leaves" : `${known} shares leave`} ${bits} of ${bitsLeft[0]} bits to guess`,
    );
  const lines = [
    `${k} of ${n} shares give the key; t = ${t}, ${scheme}`,
    "",
    `curious  ${t === 0 ? "each third party learns a part of the key" : `${t === 1 ? "one third party learns" : `up to ${t} third parties together learn`} nothing of the key`}`,
    ...partly.map((line) => `         ${line}`),
    `         ${k} together have the key, whatever they do with it`,
    `silent   ${silent === 0 ? "nobody may be: without all shares there is no key" : `up to ${silent} may be away, slow or cut off`}`,
    `lying    ${liars(none.withCheckValue)}`,
    ...(none.withCheckValue === 0
      ? []
      : ["         the key is the sensor's, and whose share does not fit it is named, with evidence"]),
    `         ${k} that conspire are the sensor: they read its key and can invent another`,
    `bytes    share ${bytes.share}, TGK ${bytes.tgk}, weights at the sensor ${bytes.weights}`,
    `         I_TP ${bytes.I_TP}, TP_I with R_I ${bytes.TP_I}, TP_R about 2,000 with RSA-2048; ${n} of each`,
    `         so the sensor sends ${bytes.sent} bytes of MIKEY`,
    "",
    ...table(
      [
        ["silent", "liars: decoding alone", "with check value"],
        ...lying
          .slice(0, MAX_ROWS)
          .map((row) => [
            `${row.silent}`,
            `${row.unique}`,
            `${row.withCheckValue}${row.searched === n - row.silent ? "" : " *"}`,
          ]),
      ],
      [0, 1],
    ),
  ];
  if (lying.length > MAX_ROWS) lines.push(`  … up to ${silent} silent: --json has all`);
  if (none.searched < n) {
    lines.push(
      `  * only the first ${none.searched} shares are searched, for at most ${MAX_CANDIDATES} candidates are tried`,
    );
  }
  return `${lines.join("\n")}\n`;
}

/** How many silent third parties the table of docs/security.md goes up to. */
const SILENT_COLUMNS = 4;

/** Markdown: a row for each sharing, and liars as "decoding alone / with check value". */
export function limitsTable(all: readonly Limits[]): string {
  const silent = Array.from({ length: SILENT_COLUMNS }, (_, s) => s);
  const row = (cells: readonly (string | number)[]) => `| ${cells.join(" | ")} |`;
  return [
    row([
      ...["k", "t", "n", "learn nothing", "bits left to k − 1", "may be silent"],
      ...silent.map((s) => (s === 0 ? "liars, none silent" : `${s} silent`)),
    ]),
    `|${"---|".repeat(6 + SILENT_COLUMNS)}`,
    ...all.map(({ threshold: k, privacy, thirdParties, bitsLeft, lying, ...limits }) =>
      row([
        ...[k, privacy, thirdParties, privacy, bitsLeft[k - 1], limits.silent],
        ...silent.map((s) =>
          s < lying.length ? `${lying[s].unique} / ${lying[s].withCheckValue}` : "no key",
        ),
      ]),
    ),
    "",
  ].join("\n");
}

function liars(most: number): string {
  if (most === 0)
    return "nobody may, even when nobody is silent: a lie stops the exchange, and can't be placed";
  return `when nobody is silent, up to ${most} may send what they like, together or each alone:`;
}
