/** `.ppk2`: a ZIP archive with session.raw, metadata.json and a picture of the whole (minimap.raw, not needed here). */

import { FrameReader } from "./ppk2-frames.js";
import { malformed, type Trace } from "./trace.js";
import { openZip, readEntry, readWhole, type Zip, type ZipEntry } from "./zip.js";

export const SESSION = "session.raw";
export const METADATA = "metadata.json";
export const ppk2Channels: readonly string[] = ["D0", "D1", "D2", "D3", "D4", "D5", "D6", "D7"];
const MAX_METADATA = 1 << 20;
/** What the meter takes. */
export const PPK2_RATE = 100_000;

/** What metadata.json says. `symbolon` is what `symbolon energy record` adds to it. */
export interface Ppk2Metadata {
  readonly formatVersion: number;
  readonly metadata: { readonly samplesPerSecond: number; readonly startSystemTime?: number };
  readonly symbolon?: { readonly millivolts?: number; readonly lost?: number };
}

/** Opens a recording. Throws a SyntaxError that says what is wrong with it and what to do. */
export async function openPpk2(file: string): Promise<Trace> {
  const zip = await openZip(file);
  const session = zip.entries.find(({ name }) => name === SESSION);
  if (session === undefined) {
    const names = zip.entries.map(({ name }) => name).slice(0, 5);
    throw malformed(file, "", `a ZIP archive without ${SESSION}, but with ${names.join(", ") || "nothing"}`);
  }
  const notes: string[] = [];
  const metadata = await metadataOf(zip, notes);
  const { samplesPerSecond } = metadata.metadata;
  const millivolts = metadata.symbolon?.millivolts;
  let read = 0;
  return {
    meter: "ppk2",
    file,
    samplesPerSecond,
    ...(millivolts !== undefined && { volts: millivolts / 1000 }),
    measuresVolts: false,
    channels: ppk2Channels,
    bytes: zip.bytes,
    bytesRead: () => read,
    notes,
    blocks: () => blocks(zip, session, notes, (bytes) => (read += bytes)),
  };
}

async function* blocks(zip: Zip, session: ZipEntry, notes: string[], onRead: (bytes: number) => void) {
  const frames = new FrameReader();
  let samples = 0;
  for await (const chunk of readEntry(zip, session, onRead)) {
    const block = frames.read(chunk);
    samples += block.length;
    yield block;
  }
  if (zip.cut || frames.left > 0) {
    notes.push(`${zip.file}: the recording was stopped in the middle: it ends with sample ${samples}`);
  }
}

async function metadataOf(zip: Zip, notes: string[]): Promise<Ppk2Metadata> {
  const entry = zip.entries.find(({ name }) => name === METADATA);
  if (entry === undefined) {
    if (!zip.cut) throw malformed(zip.file, "", `${METADATA} is missing: how often was it sampled?`);
    notes.push(`${zip.file}: ${METADATA} is cut off: taken as ${PPK2_RATE} samples a second`);
    return { formatVersion: 2, metadata: { samplesPerSecond: PPK2_RATE } };
  }
  let metadata: Ppk2Metadata;
  try {
    metadata = JSON.parse((await readWhole(zip, entry, MAX_METADATA)).toString("utf8")) as Ppk2Metadata;
  } catch (error) {
    throw malformed(zip.file, METADATA, (error as Error).message, error);
  }
  const { formatVersion, metadata: inner, symbolon } = metadata;
  if (formatVersion !== 2)
    throw malformed(zip.file, METADATA, `formatVersion: expected 2, got ${formatVersion}`);
  const rate = inner?.samplesPerSecond;
  if (typeof rate !== "number" || !(rate > 0 && rate <= PPK2_RATE)) {
    throw malformed(zip.file, METADATA, `samplesPerSecond: expected 1 to ${PPK2_RATE}, got ${rate}`);
  }
  const millivolts = symbolon?.millivolts;
  if (millivolts !== undefined && !(millivolts >= 0 && millivolts <= 10_000)) {
    throw malformed(zip.file, METADATA, `millivolts: expected 0 to 10000, got ${millivolts}`);
  }
  return metadata;
}
