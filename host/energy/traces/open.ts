/** Finds out what a file is by what is in it, not by its name. */

import { open, readdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { openCsv } from "./csv.js";
import { readHeader } from "./csv-header.js";
import { openOtii } from "./otii.js";
import { openPpk } from "./ppk.js";
import { openPpk2 } from "./ppk2.js";
import { malformed, type Trace, type TraceOptions } from "./trace.js";

const ZIP = "504b0304";
const EMPTY_ZIP = "504b0506";
/** "jlsfmt\r\n \n \x1a  \xb2\x1c" begins a Joulescope file (JLS version 2). */
const JLS = Buffer.from("jlsfmt").toString("hex");
const JLS_1 = Buffer.from("\xd3tagfmt", "latin1").toString("hex");

/** Something that opens one trace: traces are opened one after the other. */
export interface TraceFile {
  readonly file: string;
  open(): Promise<Trace>;
}

/**
 * The traces that files and folders hold. Otii's CSV files of one folder are one trace; each other file is one of its
 * own. Throws a SyntaxError that names the file, what is wrong and what to do.
 */
export async function findTraces(paths: readonly string[], options: TraceOptions): Promise<TraceFile[]> {
  const files = (await Promise.all(paths.map(filesOf))).flat();
  const traces: TraceFile[] = [];
  const otii = new Map<string, string[]>();
  for (const file of files) {
    const kind = await kindOf(file);
    if (kind !== "text") {
      traces.push({ file, open: () => openBinary(file, kind) });
      continue;
    }
    const header = await readHeader(file, options);
    if (header.meter !== "otii") traces.push({ file, open: () => openCsv(file, options, header) });
    else {
      const folder = dirname(file);
      const others = otii.get(folder);
      if (others !== undefined) others.push(file);
      else {
        const group = [file];
        otii.set(folder, group);
        traces.push({ file, open: () => openOtii(group, options) });
      }
    }
  }
  return traces;
}

async function filesOf(path: string): Promise<string[]> {
  if (!(await stat(path)).isDirectory()) return [path];
  const names = (await readdir(path)).filter((name) => /\.(csv|ppk2?|jls)$/i.test(name)).sort();
  if (names.length === 0) throw malformed(path, "", "a folder without .ppk2, .ppk or .csv files");
  return names.map((name) => join(path, name));
}

type Binary = "zip" | "jls" | "other";

async function kindOf(file: string): Promise<Binary | "text"> {
  const handle = await open(file);
  try {
    const buffer = Buffer.alloc(512);
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0);
    if (bytesRead === 0) throw malformed(file, "", "the file is empty");
    const bytes = buffer.subarray(0, bytesRead);
    const magic = bytes.toString("hex");
    if (magic.startsWith(ZIP) || magic.startsWith(EMPTY_ZIP)) return "zip";
    if (magic.startsWith(JLS) || magic.startsWith(JLS_1)) return "jls";
    // Text of any meter is ASCII, but for a mark of the byte order and the sign of micro.
    return bytes.every((byte) => byte > 0x1f || (byte >= 0x09 && byte <= 0x0d)) ? "text" : "other";
  } finally {
    await handle.close();
  }
}

async function openBinary(file: string, kind: Binary): Promise<Trace> {
  if (kind === "zip") return openPpk2(file);
  if (kind === "jls") {
    throw malformed(
      file,
      "",
      "a Joulescope file (JLS), which no package for Node reads: export it with " +
        "`pip install pyjls && python3 -m pyjls csv --count SAMPLES FILE.jls FILE.csv`, or record statistics as CSV",
    );
  }
  const trace = await openPpk(file);
  if (trace !== undefined) return trace;
  throw malformed(
    file,
    "",
    "no recording that is known here: .ppk2, .ppk, or the CSV of PPK2, Otii or Joulescope",
  );
}
