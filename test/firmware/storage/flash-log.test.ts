import fc from "fast-check";
import { nextStep } from "../../../firmware/chain.js";
import { type Flash, FlashLog } from "../../../firmware/storage/flash-log.js";
import { uint } from "../../../protocol/bytes.js";
import { policyOf, pskOf } from "../../protocol/exchange/parties.js";
import { deepEqual, equal, ok, throws } from "../../support/assert.js";
import { primitives, steps as sensorSteps } from "../../support/primitives.js";

class PowerCut extends Error {}

/** NOR flash: erasing gives ones, writing only clears, a word at a time, and once. Power fails after some steps. */
class TestFlash implements Flash {
  readonly blockSize: number;
  readonly bytes: Uint8Array;
  readonly #written: Set<number>[] = [new Set(), new Set()];
  /** Words and erasures until the power fails. */
  steps = Number.POSITIVE_INFINITY;
  erasures = 0;

  constructor(blockSize: number, contents = 0xff) {
    this.blockSize = blockSize;
    this.bytes = new Uint8Array(2 * blockSize).fill(contents);
  }

  erase(sector: number): void {
    const start = sector * this.blockSize;
    if (this.#step()) {
      this.bytes.fill(0xff, start, start + this.blockSize);
      this.#written[sector].clear();
      this.erasures++;
      return;
    }
    // An erasure that was cut short leaves anything.
    for (let i = start; i < start + this.blockSize; i++) this.bytes[i] |= (i * 37) & 0xff;
    throw new PowerCut();
  }

  read(offset: number, byteLength: number): ArrayBuffer {
    ok(offset >= 0 && byteLength > 0 && offset + byteLength <= this.bytes.length, "read inside of the flash");
    return this.bytes.slice(offset, offset + byteLength).buffer;
  }

  write(offset: number, byteLength: number, data: ArrayBuffer | Uint8Array): void {
    const bytes = new Uint8Array(data);
    ok(offset % 4 === 0 && byteLength % 4 === 0 && bytes.length === byteLength, "whole words");
    for (let i = 0; i < byteLength; i += 4) {
      const sector = offset < this.blockSize ? 0 : 1;
      ok(!this.#written[sector].has(offset + i), "a word is written once");
      if (!this.#step()) {
        // Some bits of the word made it.
        this.bytes[offset + i] &= bytes[i] | 0x0f;
        throw new PowerCut();
      }
      this.#written[sector].add(offset + i);
      for (let j = i; j < i + 4; j++) this.bytes[offset + j] &= bytes[j];
    }
  }

  #step(): boolean {
    return this.steps-- > 0;
  }
}

/** Whether a run of 16 equal bytes is anywhere in flash. */
const holds = ({ bytes }: TestFlash, byte: number): boolean =>
  bytes.some((_, i) => i + 16 <= bytes.length && bytes.subarray(i, i + 16).every((it) => it === byte));

describe("values in flash", () => {
  it("leaves no copy of a value in memory that it has written, replaced or could not write", () => {
    const flash = new TestFlash(256);
    const given: Uint8Array[] = [];
    const watched: Flash = {
      blockSize: flash.blockSize,
      erase: (sector) => flash.erase(sector),
      read(offset, byteLength) {
        const bytes = flash.read(offset, byteLength);
        given.push(new Uint8Array(bytes));
        return bytes;
      },
      write(offset, byteLength, bytes) {
        ok(bytes instanceof Uint8Array);
        given.push(bytes);
        flash.write(offset, byteLength, bytes);
      },
    };
    const log = new FlashLog(watched);
    const secret = new Uint8Array(60).fill(0xa5);
    const holds = (bytes: Uint8Array) => bytes.some((byte) => byte === 0xa5);
    // Past the end of a sector too, where all values move.
    for (let i = 0; i < 9; i++) log.write("psk", secret);
    flash.steps = 3;
    throws(() => log.write("psk", secret), PowerCut);
    new FlashLog(watched);
    const left = given.filter(holds);
    equal(left.length, 0, `${left.length} copies`);
  });

  it("leaves nothing of what was replaced, once it is told so, and always the last values", () => {
    const log = new FlashLog(new TestFlash(128));
    log.wipeOld();
    for (let cut = 0; cut < 40; cut++) {
      const flash = new TestFlash(128);
      const log = new FlashLog(flash);
      log.write("key", new Uint8Array(16).fill(7));
      log.write("t", Uint8Array.of(9));
      log.write("key", new Uint8Array(16).fill(8));
      ok(holds(flash, 7));
      flash.steps = cut;
      let done = true;
      try {
        log.wipeOld();
      } catch (error) {
        if (!(error instanceof PowerCut)) throw error;
        done = false;
      }
      flash.steps = Number.POSITIVE_INFINITY;
      if (done) equal(holds(flash, 7), false);
      const again = new FlashLog(flash);
      deepEqual(again.read("key"), new Uint8Array(16).fill(8));
      deepEqual(again.read("t"), Uint8Array.of(9));
      again.write("t", Uint8Array.of(10));
      deepEqual(new FlashLog(flash).read("t"), Uint8Array.of(10));
      if (cut === 39) ok(done);
    }
  });

  it("keeps what was written last, also for the next start", () => {
    const flash = new TestFlash(128);
    const log = new FlashLog(flash);
    equal(log.read("t"), undefined);
    log.write("t", Uint8Array.of(1, 2));
    log.write("psk.1", new Uint8Array(16).fill(7));
    log.write("t", Uint8Array.of(1, 3, 0xff));
    log.write("empty", new Uint8Array(0));
    for (const each of [log, new FlashLog(flash)]) {
      deepEqual(each.read("t"), Uint8Array.of(1, 3, 0xff));
      deepEqual(each.read("psk.1"), new Uint8Array(16).fill(7));
      deepEqual(each.read("empty"), new Uint8Array(0));
      equal(each.read("other"), undefined);
    }
    equal(flash.erasures, 1);
  });

  it("gives and takes copies", () => {
    const log = new FlashLog(new TestFlash(128));
    const value = Uint8Array.of(1);
    log.write("t", value);
    value[0] = 2;
    log.read("t")?.fill(3);
    deepEqual(log.read("t"), Uint8Array.of(1));
  });

  it("wears both sectors alike, and erases one only when it is full", () => {
    const flash = new TestFlash(4096);
    const log = new FlashLog(flash);
    for (let t = 1; t <= 1001; t++) log.write("t", uint(t, 4));
    deepEqual(new FlashLog(flash).read("t"), uint(1001, 4));
    // 16 bytes a record, 255 records a sector
    equal(flash.erasures, 4);
  });

  it("counts flash that holds anything else as empty", () => {
    for (const contents of [0x00, 0xa5]) {
      const flash = new TestFlash(128, contents);
      const log = new FlashLog(flash);
      equal(log.read("t"), undefined);
      log.write("t", Uint8Array.of(9));
      deepEqual(new FlashLog(flash).read("t"), Uint8Array.of(9));
    }
  });

  it("says when the values need more than a sector, and when flash is worn out", () => {
    const flash = new TestFlash(128);
    const log = new FlashLog(flash);
    log.write("t", Uint8Array.of(1));
    throws(() => log.write("psks", new Uint8Array(120)), { type: RangeError, message: /^storage: / });
    deepEqual(new FlashLog(flash).read("t"), Uint8Array.of(1));
    throws(() => log.write("", new Uint8Array(1)), RangeError);

    flash.write = () => {};
    throws(() => log.write("t", Uint8Array.of(2)), { type: Error, message: /^storage: flash did not take/ });
    deepEqual(log.read("t"), Uint8Array.of(1));
  });

  it("goes on in the other sector after a write that failed", () => {
    const flash = new TestFlash(128);
    const log = new FlashLog(flash);
    log.write("t", Uint8Array.of(1));
    flash.steps = 1;
    throws(() => log.write("t", Uint8Array.of(2)), PowerCut);
    flash.steps = Number.POSITIVE_INFINITY;
    log.write("t", Uint8Array.of(3));
    deepEqual(new FlashLog(flash).read("t"), Uint8Array.of(3));
  });

  /** Values to write one after the other, and after how many words and erasures the power fails. */
  const runs = fc.tuple(
    fc.array(fc.tuple(fc.constantFrom("a", "b", "longer name"), fc.uint8Array({ maxLength: 12 })), {
      minLength: 1,
      maxLength: 25,
    }),
    fc.nat(120),
    fc.nat(30),
  );

  it("loses nothing when the power fails, wherever and however often", () => {
    fc.assert(
      fc.property(runs, ([writes, ...cuts]) => {
        const flash = new TestFlash(128);
        const expected = new Map<string, Uint8Array>();
        const check = (log: FlashLog) => {
          for (const [name, value] of expected) deepEqual(log.read(name), value);
        };
        let log = new FlashLog(flash);
        flash.steps = cuts[0];
        let next = 1;
        for (const [name, value] of writes) {
          try {
            log.write(name, value);
            expected.set(name, value);
          } catch (error) {
            if (!(error instanceof PowerCut)) throw error;
            flash.steps = cuts[next++] ?? Number.POSITIVE_INFINITY;
            log = new FlashLog(flash);
            // What was on its way is there whole, or not at all.
            const now = log.read(name);
            if (now !== undefined && String(now) === String(value)) expected.set(name, value);
          }
          check(log);
        }
        check(new FlashLog(flash));
      }),
      { numRuns: 300 },
    );
  });

  const enrolled = { policy: policyOf(2, 1, 3), start: { t: 1, keys: [1, 2, 3].map(pskOf) } };

  it("never gives a T twice, with a power cut at every single step", () => {
    for (let steps = 0; steps < 300; steps++) {
      const flash = new TestFlash(192);
      flash.steps = steps;
      let last = 0;
      const take = () => {
        const t = nextStep({ primitives, steps: sensorSteps, storage: new FlashLog(flash) }, enrolled).t;
        ok(t > last, `T ${t} after ${last}, power cut after ${steps} steps`);
        last = t;
      };
      try {
        for (let i = 0; i < 20; i++) take();
      } catch (error) {
        if (!(error instanceof PowerCut)) throw error;
      }
      flash.steps = Number.POSITIVE_INFINITY;
      for (let i = 0; i < 5; i++) take();
    }
  });

  it("lets nothing behind a gap count again", () => {
    const flash = new TestFlash(256);
    const log = new FlashLog(flash);
    log.write("chain", Uint8Array.of(1));
    const gap = used(flash);
    // As long as the next record, then a whole one that was never before it.
    log.write("t", Uint8Array.of(2));
    const stale = used(flash);
    log.write("chain", Uint8Array.of(9));
    flash.bytes.fill(0xff, gap, stale);
    const found = new FlashLog(flash);
    deepEqual(found.read("chain"), Uint8Array.of(1));
    found.write("t", Uint8Array.of(3));
    const again = new FlashLog(flash);
    deepEqual(again.read("t"), Uint8Array.of(3));
    deepEqual(again.read("chain"), Uint8Array.of(1), "an old value is back");
  });
});

/** Bytes of the first sector up to the end of what is written. */
function used({ bytes, blockSize }: TestFlash): number {
  let end = blockSize;
  while (bytes[end - 1] === 0xff) end--;
  return Math.ceil(end / 4) * 4;
}
