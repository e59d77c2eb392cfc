/** firmware/native/coap-message.ts and protocol/coap/message.ts: two that have to say the same of whatever bytes come. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import fc from "fast-check";
import { EngineUnavailableError } from "../../boards/linux/build.js";
import * as bytes from "../../protocol/bytes.js";
import * as codec from "../../protocol/coap/message.js";
import { mutate, randomOf } from "../fuzz/mutate.js";
import { messages } from "../protocol/coap/arbitraries.js";
import { answer, type CoapCase } from "./coap-case.js";
import { findEngine } from "./engine.js";

const entry = fileURLToPath(new URL("coap-entry.js", import.meta.url));
const { toHex } = bytes;
const heap = ["--slots", "400000", "--chunks", String(16 * 1024 * 1024)];
/** Cases to one run of the board. */
const BATCH = 250;

const datagrams = messages().map(codec.encodeMessage);
/** Bytes that begin as a message of ours does, mostly. */
const random = fc
  .tuple(fc.uint8Array({ maxLength: 80 }), fc.nat({ max: 8 }))
  .map(([datagram, tokenLength]) => {
    if (datagram.length > 0 && datagram[0] % 8 !== 0) datagram[0] = (datagram[0] & 0x30) | 0x40 | tokenLength;
    return datagram;
  });
const mutated = fc
  .tuple(datagrams, datagrams, fc.integer())
  .map(([datagram, other, seed]) => mutate(datagram, other, 1200, randomOf(seed)));
/** Long option lists, around the limit. */
const many = fc
  .tuple(fc.integer({ min: 28, max: 36 }), fc.boolean())
  .map(([count, payload]) =>
    bytes.concat(
      bytes.fromHex("40010000"),
      new Uint8Array(count).fill(0x10),
      bytes.fromHex(payload ? "ff00" : ""),
    ),
  );
const reading = fc.oneof(datagrams, random, mutated, many).map((datagram) => ({ datagram: toHex(datagram) }));

/** A number that belongs there, or one that does not. */
const odd = (most: number) =>
  fc.oneof(
    { weight: 4, arbitrary: fc.nat({ max: most }) },
    fc.constantFrom(-1, most + 1, 0.5, 1e10, -(2 ** 31), 2 ** 32, 1e300),
  );
const hex = (minLength: number, maxLength: number) => fc.uint8Array({ minLength, maxLength }).map(toHex);
const option = fc.tuple(odd(0xffff), fc.oneof(hex(0, 20), hex(265, 275)));
const writing = fc.record({
  type: odd(3),
  code: odd(255),
  messageId: odd(0xffff),
  token: fc.oneof(hex(0, 8), hex(9, 17)),
  options: fc
    .array(option, { maxLength: 4 })
    .chain((list) => fc.boolean().map((sorted) => (sorted ? list.slice().sort(([a], [b]) => a - b) : list))),
  payload: hex(0, 20),
});

async function answersOfC(board: string, file: string): Promise<string[]> {
  const options = { timeout: 50_000, maxBuffer: 64 * 1024 * 1024 };
  const { stdout } = await promisify(execFile)(board, [...heap, entry, file], options);
  return stdout.trim().split("\n");
}

describe("CoAP messages in C and their reference", () => {
  it("agree on messages, on what is none, and on why", async function () {
    this.timeout(60_000);
    const engine = await findEngine();
    if (engine instanceof EngineUnavailableError) return this.skip();
    const cases: CoapCase[] = [...fc.sample(reading, 1500), ...fc.sample(writing, 500)];
    const folder = await mkdtemp(join(tmpdir(), "symbolon-coap-"));
    const file = join(folder, "cases");
    try {
      // The board reads no file of more than a megabyte.
      for (let next = 0; next < cases.length; next += BATCH) {
        const batch = cases.slice(next, next + BATCH);
        await writeFile(file, batch.map((given) => JSON.stringify(given)).join("\n"));
        const answers = await answersOfC(engine.path, file);
        assert.equal(answers.length, batch.length);
        batch.forEach((given, i) => {
          const expected = JSON.parse(JSON.stringify(answer(codec, bytes, given)));
          assert.deepEqual(JSON.parse(answers[i]), expected, JSON.stringify(given).slice(0, 2000));
        });
      }
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
