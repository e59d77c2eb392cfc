/**
 * Readings and answers as Server-Sent Events (WHATWG HTML §9.2), one JSON object an event. The last ones are kept in memory; each
 * reader has its place among them and is given more as it takes it, so that a slow one costs nothing. Who falls behind
 * what is kept is dropped, and may come again with Last-Event-ID.
 */

import { randomBytes } from "node:crypto";
import type { Reading } from "../channel/reading.js";
import type { Answer } from "../channel/requests.js";

export interface FeedLimits {
  /** Readings that are kept. */
  readonly events: number;
  /** And their bytes, as they are sent. */
  readonly bytes: number;
  readonly readers: number;
}

export const FEED_LIMITS: FeedLimits = { events: 1_000, bytes: 1024 * 1024, readers: 32 };

/** What events are written to: the part of a ServerResponse that is used. */
export interface FeedStream {
  /** False when it is to be written to again after "drain" only. */
  write(text: string): boolean;
  on(event: "drain" | "close" | "error", listener: () => void): unknown;
  destroy(): unknown;
}

/** Said before the first event to a reader that missed some. */
const MISSED = "event: missed\ndata: {}\n\n";

export class Feed {
  readonly #limits: FeedLimits;
  /** Of this process: numbers begin anew with the next. */
  readonly #run = randomBytes(6).toString("hex");
  /** The events numbered from #first on. */
  readonly #kept: string[] = [];
  #first = 0;
  #bytes = 0;
  readonly #readers = new Set<Reader>();

  constructor(limits: FeedLimits = FEED_LIMITS) {
    this.#limits = limits;
  }

  get readers(): number {
    return this.#readers.size;
  }

  get isFull(): boolean {
    return this.#readers.size >= this.#limits.readers;
  }

  /** Adds a reading. */
  publish({ sensor, t, number, confirmed, age, records }: Reading): void {
    this.#add("reading", { sensor, t, number, confirmed, age, records });
  }

  /** Adds a sensor's answer. */
  publishAnswer(answer: Answer): void {
    this.#add("answer", answer);
  }

  /** Begins to give events: those behind `lastId`, without it those to come. */
  add(stream: FeedStream, lastId?: string): void {
    const reader: Reader = { stream, next: this.#first + this.#kept.length, ready: true };
    this.#readers.add(reader);
    const remove = () => this.#readers.delete(reader);
    stream.on("close", remove);
    stream.on("error", remove);
    stream.on("drain", () => {
      reader.ready = true;
      this.#give(reader);
    });
    if (lastId !== undefined) this.#resume(reader, lastId);
    this.#give(reader);
  }

  /** Shows that the connections are in use; a comment is no event. */
  keepAlive(): void {
    for (const reader of this.#readers) if (reader.ready) reader.ready = reader.stream.write(":\n\n");
  }

  #add(kind: "reading" | "answer", data: object): void {
    const id = `${this.#run}-${this.#first + this.#kept.length}`;
    const text = `id: ${id}\nevent: ${kind}\ndata: ${JSON.stringify(data)}\n\n`;
    this.#kept.push(text);
    this.#bytes += text.length;
    while (this.#kept.length > this.#limits.events || this.#bytes > this.#limits.bytes) this.#forgetFirst();
    for (const reader of this.#readers) this.#give(reader);
  }

  #resume(reader: Reader, lastId: string): void {
    const [, run, number] = /^([0-9a-f]{12})-(\d{1,15})$/.exec(lastId) ?? [];
    const next = Number(number) + 1;
    const isKept = run === this.#run && next >= this.#first && next <= reader.next;
    reader.next = isKept ? next : this.#first;
    if (!isKept) reader.ready = reader.stream.write(MISSED);
  }

  #give(reader: Reader): void {
    if (reader.next < this.#first) {
      this.#readers.delete(reader);
      reader.stream.destroy();
      return;
    }
    const end = this.#first + this.#kept.length;
    while (reader.ready && reader.next < end) {
      reader.ready = reader.stream.write(this.#kept[reader.next - this.#first]);
      reader.next++;
    }
  }

  #forgetFirst(): void {
    const [text] = this.#kept.splice(0, 1);
    this.#bytes -= text.length;
    this.#first++;
  }
}

interface Reader {
  readonly stream: FeedStream;
  /** The number of the event that it gets next. */
  next: number;
  /** Whether it has taken what was written. */
  ready: boolean;
}
