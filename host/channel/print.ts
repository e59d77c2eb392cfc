/** Readings and answers, each as one line for people. */

import type { Reading } from "./reading.js";
import type { Answer } from "./requests.js";
import type { SenmlRecord } from "./senml.js";

/** "sensor01 7/0: heart-rate 72 beat/min, … (confirmed, age unknown)"; 7/0 is the exchange's T and the number. */
export function readingLine({ sensor, t, number, records, confirmed, age }: Reading): string {
  const values = records.map(recordText).join(", ");
  const standing = confirmed ? "confirmed" : "not confirmed";
  return `${sensor} ${t}/${number}: ${values} (${standing}, ${age === "fresh" ? "fresh" : "age unknown"})`;
}

/** "sensor01 7/#3: heart-rate 72 beat/min (2.05, fresh)": T and the number of the request. */
export function answerLine({ sensor, t, request, code, age, records, seconds, payload }: Answer): string {
  const said =
    records?.map(recordText).join(", ") ?? (seconds === undefined ? payload : `every ${seconds} s`);
  const what = said === "" ? "answered" : said;
  return `${sensor} ${t}/#${request}: ${what} (${code}, ${age === "fresh" ? "fresh" : "age unknown"})`;
}

function recordText({ n, u, v, vs, vb, vd, s, t }: SenmlRecord): string {
  const value = v ?? (vs === undefined ? (vb ?? vd) : JSON.stringify(vs));
  // A sensor may write anything here; the terminal is to show it, not to obey it.
  const unit = u === undefined ? "" : ` ${u.replace(/[^\x20-\x7e\u00a0-\uffff]/g, "?")}`;
  const sum = s === undefined ? "" : `${value === undefined ? "" : ","} sum ${s}${unit}`;
  const time = t === undefined ? "" : ` at ${t} s`;
  return `${n}${value === undefined ? "" : ` ${value}${unit}`}${sum}${time}`;
}
