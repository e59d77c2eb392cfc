/**
 * Both ends of an enrolment on a serial line: the firmware's and the enroller's own, in one process, so that the line
 * can be cut after each of its bytes.
 */

import assert from "node:assert/strict";
import type { Device } from "../../../firmware/device.js";
import { awaitEnrolment, type EnrolmentEvent } from "../../../firmware/enrolment-mode.js";
import { type SerialOptions, type SerialPort, SlipmuxLine } from "../../../firmware/link/slipmux.js";
import type { OpenPort, PortHandlers } from "../../../host/border-router/port.js";
import { SerialLine } from "../../../host/border-router/serial-line.js";
import { Rate } from "../../../host/coap/rate.js";
import { Enroller, type EnrollerEvent } from "../../../host/enrolment/enroller.js";
import { primitives } from "../../../host/primitives.js";
import { toHex } from "../../../protocol/bytes.js";
import type { RandomSource } from "../../../protocol/primitives.js";
import { code, imageOf, MemoryStorage, nextCode } from "../../firmware/enroller.js";
import { FakeClock } from "../../firmware/simulation.js";
import { boardPrimitives, steps } from "../../support/primitives.js";

/** The same numbers in each trial: how long a line's frames are depends on the bytes in them. */
function sameEachTime(seed: number): RandomSource {
  let draws = 0;
  return (length) => primitives.sha256(Uint8Array.of(seed, ++draws >> 8, draws & 255)).slice(0, length);
}

/** A board and an enroller, and a line that passes so many bytes of both directions, then none. */
class Trial {
  readonly told: EnrollerEvent[] = [];
  readonly heard: EnrolmentEvent[] = [];
  readonly clock = new FakeClock();
  passed = 0;
  ended: boolean | undefined;
  #board!: SerialOptions;
  #host: PortHandlers | undefined;
  readonly #arrived: Uint8Array[] = [];
  readonly #line: SerialLine;

  constructor(
    readonly storage: MemoryStorage,
    private readonly limit: number,
    its: { code: Uint8Array; image: Uint8Array; nextCode: Uint8Array },
    boardCode: Uint8Array,
    private readonly damage: (byte: number, at: number) => number = (byte) => byte,
  ) {
    const enroller = new Enroller({
      ...its,
      primitives,
      random: sameEachTime(1),
      onEvent: (event) => this.told.push(event),
    });
    const openPort: OpenPort = async (handlers) => {
      this.#host = handlers;
      return { at: "here", write: (bytes) => this.#toBoard(bytes), close: () => {} };
    };
    this.#line = new SerialLine({
      device: "line",
      openPort,
      rate: new Rate(0, 1_000_000, 1_000_000),
      forward: (request) => enroller.answer(request),
      onEvent: () => {},
    });
    this.boardCode = boardCode;
  }

  private readonly boardCode: Uint8Array;

  async run(): Promise<void> {
    await this.#line.start();
    const trial = this;
    class Port implements SerialPort {
      constructor(options: SerialOptions) {
        trial.#board = options;
      }
      read(): ArrayBuffer | undefined {
        return trial.#arrived.shift()?.slice().buffer as ArrayBuffer | undefined;
      }
      write(bytes: Uint8Array): void {
        const passing = trial.#pass(bytes);
        if (passing.length > 0) trial.#host?.onData(passing);
      }
      close(): void {}
    }
    const line = new SlipmuxLine({ io: Port });
    this.#board.onWritable(1_000_000);
    const device: Device = {
      ...{
        primitives: boardPrimitives,
        steps,
        random: sameEachTime(2),
        clock: this.clock,
        storage: this.storage,
      },
      openLink: (onDatagram) => line.open(onDatagram),
      trace: () => {},
    };
    awaitEnrolment(
      device,
      this.boardCode,
      (event) => this.heard.push(event),
      (enrolled) => {
        this.ended = enrolled;
      },
    );
    // Retransmissions on a line that passes nothing any more end with the board's patience.
    for (let i = 0; i < 4 && this.ended === undefined; i++) {
      await new Promise((resolve) => setImmediate(resolve));
      this.clock.run(300);
    }
    this.#line.close();
  }

  #toBoard(bytes: Uint8Array): boolean {
    const passing = this.#pass(bytes);
    // The board is told later, as by a driver.
    if (passing.length > 0)
      this.clock.set(() => {
        this.#arrived.push(passing);
        this.#board.onReadable(passing.length);
      }, 1);
    return true;
  }

  #pass(bytes: Uint8Array): Uint8Array {
    const passing = Uint8Array.from(bytes.subarray(0, Math.max(0, this.limit - this.passed)), (byte, i) =>
      this.damage(byte, this.passed + i),
    );
    this.passed += passing.length;
    return passing;
  }
}

const oldCode = code;
const old = imageOf({ ...OLD() }, oldCode);
const image = imageOf();
const enrolment = { code: oldCode, image, nextCode };

/** The enrolment that the board has before. */
function OLD(): object {
  const json = JSON.parse(Buffer.from(imageOf().subarray(16)).toString());
  return { ...json, deadline: 7 };
}

function enrolledBoard(): MemoryStorage {
  const storage = new MemoryStorage();
  storage.write("enrolment", old);
  return storage;
}

const stored = (storage: MemoryStorage) => toHex(storage.read("enrolment") ?? new Uint8Array(0));

describe("enrolment over a line", () => {
  it("leaves the old enrolment or the new one when the line is cut, after each of its bytes, and is made good", async function () {
    this.timeout(60_000);
    const whole = new Trial(enrolledBoard(), Number.POSITIVE_INFINITY, enrolment, oldCode);
    await whole.run();
    assert.equal(whole.ended, true, JSON.stringify(whole.heard));
    assert.equal(stored(whole.storage), toHex(image));
    assert.ok(whole.told.some((event) => event.kind === "stored" && event.proven));
    let changes = 0;
    let last = toHex(old);
    for (let limit = 0; limit <= whole.passed; limit++) {
      const storage = enrolledBoard();
      const cut = new Trial(storage, limit, enrolment, oldCode);
      await cut.run();
      const now = stored(storage);
      assert.ok(now === toHex(old) || now === toHex(image), `after ${limit} bytes the board has neither`);
      if (now !== last) changes++;
      last = now;
      // What the enroller takes for stored is.
      if (cut.told.some((event) => event.kind === "stored")) assert.equal(now, toHex(image));
      // The same once more, with the code that the board has by now.
      if (limit % 37 !== 0) continue;
      const again = new Trial(
        storage,
        Number.POSITIVE_INFINITY,
        enrolment,
        now === toHex(old) ? oldCode : nextCode,
      );
      await again.run();
      assert.equal(stored(storage), toHex(image));
      const how = again.told.find((event) => event.kind === "stored");
      assert.deepEqual(how, { kind: "stored", proven: now === toHex(old) });
    }
    assert.equal(changes, 1, "from the old to the new, and never back");
    assert.ok(whole.passed > 800, `${whole.passed} bytes`);
  });

  it("stands a line that damages a byte in a hundred", async () => {
    for (let seed = 1; seed <= 10; seed++) {
      let state = seed;
      const random = (): number => {
        state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
        return state / 2 ** 32;
      };
      const damage = (byte: number): number => (random() < 0.01 ? Math.floor(256 * random()) : byte);
      const trial = new Trial(enrolledBoard(), Number.POSITIVE_INFINITY, enrolment, oldCode, damage);
      const running = trial.run();
      await running;
      for (let i = 0; i < 2_000 && trial.ended === undefined; i++) trial.clock.run(300);
      const now = stored(trial.storage);
      assert.ok(now === toHex(old) || now === toHex(image));
    }
  });

  it("offers nothing to a board with another code, and says so", async () => {
    const trial = new Trial(enrolledBoard(), Number.POSITIVE_INFINITY, enrolment, new Uint8Array(16).fill(3));
    await trial.run();
    assert.equal(stored(trial.storage), toHex(old));
    assert.ok(trial.told.length > 0 && trial.told.every(({ kind }) => kind === "stranger"));
  });
});
