/**
 * `.ppk`, what the Power Profiler app wrote up to version 3: one raw deflate stream with the metadata in BSON, the
 * length of the currents and the currents (float32, microamperes), and with a PPK2 the length of the bit pairs and the
 * bit pairs (uint16), all little-endian. The bits lie behind all currents, so the file is unpacked twice, side by side.
 */

import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { constants, createInflateRaw } from "node:zlib";
import { bsonNumbers } from "./bson.js";
import { ppk2Channels } from "./ppk2.js";
import { FRAME, FrameReader } from "./ppk2-frames.js";
import { type Block, malformed, type Trace } from "./trace.js";
import { CHUNK } from "./zip.js";

const MAX_METADATA = 1 << 24;
const SAMPLES = 1 << 15;
/** Bit pairs of a meter without digital channels: nothing is known. */
const NOTHING = 0;

/** Opens a recording; undefined: the file is none. */
export async function openPpk(file: string): Promise<Trace | undefined> {
  const bytes = (await stat(file)).size;
  let read = 0;
  const currents = new Unpacked(file, (n) => (read += n));
  const metadata = await head(currents);
  if (metadata === undefined) {
    currents.close();
    return undefined;
  }
  const samplesPerSecond = metadata.get("options.samplesPerSecond") ?? metadata.get("samplesPerSecond");
  if (samplesPerSecond === undefined || !(samplesPerSecond > 0)) {
    throw malformed(file, "metadata", `samplesPerSecond: expected a number, got ${samplesPerSecond}`);
  }
  const notes: string[] = [];
  return {
    meter: "ppk2",
    file,
    samplesPerSecond,
    measuresVolts: false,
    channels: ppk2Channels,
    bytes,
    bytesRead: () => read,
    notes,
    blocks: () => blocks(file, currents, notes),
  };
}

/** The metadata, with the stream behind it. */
async function head(stream: Unpacked): Promise<Map<string, number> | undefined> {
  try {
    const first = await stream.take(4);
    const length = first.length === 4 ? first.readInt32LE(0) : 0;
    if (length < 5 || length > MAX_METADATA) return undefined;
    return bsonNumbers(Buffer.concat([first, await stream.take(length - 4)]));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (error instanceof SyntaxError || code?.startsWith("Z_") === true) return undefined;
    throw error;
  }
}

async function* blocks(file: string, currents: Unpacked, notes: string[]): AsyncGenerator<Block, void, void> {
  const length = await currents.length();
  const samples = Math.floor(length / 4);
  const bits = new Unpacked(file, () => {});
  try {
    await bits.skip((await metadataLength(bits)) - 4);
    await bits.skip(4 + length);
    const known = Math.floor((await bits.length()) / 2);
    const frames = new FrameReader();
    for (let done = 0; done < samples; ) {
      const wanted = Math.min(SAMPLES, samples - done);
      const current = await currents.take(4 * wanted);
      const pairs = known === 0 ? undefined : await bits.take(2 * wanted);
      const there = Math.floor(current.length / 4);
      if (there < wanted) notes.push(`${file}: the file is cut off: it ends with sample ${done + there}`);
      if (there === 0) return;
      yield frames.read(joined(current, pairs, there));
      if (there < wanted) return;
      done += there;
    }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code?.startsWith("Z_") !== true) throw error;
    throw malformed(file, "", `can't be unpacked: ${message}; the file is damaged`, error);
  } finally {
    currents.close();
    bits.close();
  }
}

async function metadataLength(stream: Unpacked): Promise<number> {
  return (await stream.take(4)).readInt32LE(0);
}

/** As frames of a `.ppk2`. */
function joined(currents: Buffer, pairs: Buffer | undefined, samples: number): Buffer {
  const frames = Buffer.alloc(samples * FRAME);
  for (let i = 0; i < samples; i++) {
    currents.copy(frames, i * FRAME, 4 * i, 4 * i + 4);
    const there = pairs !== undefined && 2 * i + 2 <= pairs.length;
    frames.writeUInt16BE(there ? pairs.readUInt16LE(2 * i) : NOTHING, i * FRAME + 4);
  }
  return frames;
}

/** An unpacked file, read in pieces of any length. */
class Unpacked {
  readonly #raw;
  readonly #chunks: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(file: string, onRead: (bytes: number) => void) {
    this.#raw = createReadStream(file, { highWaterMark: CHUNK });
    this.#raw.on("data", (chunk) => onRead(chunk.length));
    const inflate = createInflateRaw({ chunkSize: CHUNK, finishFlush: constants.Z_SYNC_FLUSH });
    this.#raw.on("error", (error) => inflate.destroy(error));
    this.#chunks = this.#raw.pipe(inflate)[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  }

  /** The next bytes: fewer at the end. */
  async take(length: number): Promise<Buffer> {
    const pieces: Buffer[] = [];
    for (let missing = length; missing > 0; ) {
      if (this.#rest.length === 0) {
        const { value, done } = await this.#chunks.next();
        if (done === true) break;
        this.#rest = value as Buffer;
      }
      const piece = this.#rest.subarray(0, missing);
      this.#rest = this.#rest.subarray(piece.length);
      missing -= piece.length;
      pieces.push(piece);
    }
    return pieces.length === 1 ? pieces[0] : Buffer.concat(pieces);
  }

  async skip(length: number): Promise<void> {
    for (let missing = length; missing > 0; ) {
      const piece = await this.take(Math.min(missing, CHUNK));
      if (piece.length === 0) return;
      missing -= piece.length;
    }
  }

  /** The length that stands before a section; 0 where there is none. */
  async length(): Promise<number> {
    const bytes = await this.take(4);
    return bytes.length < 4 ? 0 : bytes.readUInt32LE(0);
  }

  close(): void {
    this.#raw.destroy();
  }
}
