/** A Nordic PPK2 behind a pseudo-terminal: the meter's side of the serial protocol, with currents of the test's choice. */

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { amperesOf } from "../../../host/energy/record/ppk2-current.js";
import { type Calibration, Commands, RANGES } from "../../../host/energy/record/ppk2-protocol.js";

export interface SimulationOptions {
  readonly calibration: Calibration;
  /** What flows through the device under test, and what it marks. */
  sampleAt(i: number): { amperes: number; levels: number };
  /** Samples that never leave the meter. */
  dropped?(i: number): boolean;
  /** After so many samples it is unplugged. */
  readonly unpluggedAfter?: number;
  /** As fast as the real one; a sample that finds the meter's memory full is lost. Otherwise as fast as it is read. */
  readonly realTime?: boolean;
  /** Bytes on the line that are not there, once: after so many samples. */
  readonly cutAfter?: number;
}

const RATE = 100_000;
const STEP = 1.8 / 163_840;
const MOST = 0x3fff;
/** Samples of a turn, and what waits for the line at most: the meter's memory. */
const BATCH = 4_000;
const MEMORY = 1 << 18;
const lengths: Readonly<Record<number, number>> = {
  [Commands.power]: 2,
  [Commands.regulator]: 3,
  [Commands.mode]: 2,
};

export class SimulatedPpk2 {
  /** What it was told, in hexadecimal. */
  readonly commands: string[] = [];
  device = "";
  /** Samples that it has made, and how many of them have not left it. */
  samples = 0;
  lost = 0;
  readonly #options: SimulationOptions;
  readonly #folder: string;
  #child: ChildProcess | undefined;
  #pending = Buffer.alloc(0);
  #running = false;
  #began = 0;
  #timer: NodeJS.Timeout | undefined;
  #volts = 3.3;
  /** What the converter's steps have rounded away of this current. */
  #error = 0;
  #amperes = 0;

  constructor(options: SimulationOptions) {
    this.#options = options;
    this.#folder = mkdtempSync(join(tmpdir(), "symbolon-ppk2-"));
  }

  /** Throws an Error when there is no C compiler. */
  async start(): Promise<void> {
    mkdirSync(this.#folder, { recursive: true });
    const program = join(this.#folder, "pty");
    // This file runs as dist/test/host/energy/simulated-ppk2.js.
    const source = fileURLToPath(new URL("../../../../test/host/energy/pty.c", import.meta.url));
    execFileSync("gcc", ["-O1", "-Wall", "-Werror", "-o", program, source], { timeout: 60_000 });
    const child = spawn(program, [], { stdio: ["pipe", "pipe", "pipe"] });
    this.#child = child;
    // Whoever is unplugged hears nothing any more.
    child.stdin.on("error", () => {});
    child.stdout.on("data", (bytes: Buffer) => this.#read(bytes));
    this.device = await new Promise<string>((resolve, reject) => {
      child.once("error", reject);
      child.stderr.once("data", (text: Buffer) => resolve(text.toString().trim()));
    });
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    this.#running = false;
    const child = this.#child;
    if (child !== undefined && child.exitCode === null && child.signalCode === null) {
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGKILL");
      await ended;
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #read(bytes: Buffer): void {
    this.#pending = Buffer.concat([this.#pending, bytes]);
    while (this.#pending.length > 0) {
      const length = lengths[this.#pending[0]] ?? 1;
      if (this.#pending.length < length) return;
      const command = this.#pending.subarray(0, length);
      this.#pending = this.#pending.subarray(length);
      this.commands.push(command.toString("hex"));
      this.#obey(command);
    }
  }

  #obey(command: Buffer): void {
    const [code] = command;
    if (code === Commands.metadata) this.#child?.stdin?.write(this.#metadata());
    if (code === Commands.regulator) this.#volts = command.readUInt16BE(1) / 1000;
    if (code === Commands.stop) this.#running = false;
    if (code === Commands.start && !this.#running) {
      this.#running = true;
      this.#began = performance.now();
      this.#turn();
    }
  }

  #metadata(): string {
    const rows = Object.entries(this.#options.calibration).flatMap(
      ([key, values]: [string, readonly number[]]) =>
        values.map((value, i) => `${key.toUpperCase()}${i}: ${value}`),
    );
    return ["Calibrated: 1", ...rows, "VDD: 3700", "HW: 9173", "mode: 2", "IA: -nan", "END", ""].join("\n");
  }

  #turn(): void {
    const input = this.#child?.stdin;
    if (!this.#running || input === null || input === undefined) return;
    const { realTime, unpluggedAfter = Number.POSITIVE_INFINITY, cutAfter } = this.#options;
    const due = realTime
      ? Math.floor((performance.now() - this.#began) * (RATE / 1000))
      : this.samples + BATCH;
    const until = Math.min(due, unpluggedAfter);
    const full = realTime === true && input.writableLength > MEMORY;
    const bytes = Buffer.alloc(4 * Math.max(0, until - this.samples));
    let used = 0;
    let cut: number | undefined;
    for (; this.samples < until; this.samples++) {
      if (this.samples === cutAfter) cut = used;
      const word = this.#word(this.samples);
      if (full || this.#options.dropped?.(this.samples) === true) this.lost++;
      else used = bytes.writeUInt32LE(word, used);
    }
    const line = bytes.subarray(0, used);
    const sent =
      cut === undefined ? line : Buffer.concat([line.subarray(0, cut + 1), line.subarray(cut + 2)]);
    const room = input.write(sent);
    if (this.samples >= unpluggedAfter) {
      // What was said gets there; then the line is gone.
      this.#running = false;
      input.end();
    } else if (realTime) this.#timer = setTimeout(() => this.#turn(), 10);
    else if (room) this.#timer = setTimeout(() => this.#turn(), 0);
    else input.once("drain", () => this.#turn());
  }

  #word(i: number): number {
    const { amperes, levels } = this.#options.sampleAt(i);
    const { calibration } = this.#options;
    // A step of a large range is more than a whole small current.
    if (amperes !== this.#amperes) this.#error = 0;
    this.#amperes = amperes;
    const wanted = amperes + this.#error;
    for (let range = 0; range < RANGES; range++) {
      const adc = Math.round(this.#inverse(range, wanted));
      if (adc > MOST) continue;
      const value = Math.max(0, adc);
      this.#error = wanted - amperesOf(calibration, range, value, this.#volts);
      return ((levels << 24) | ((i & 63) << 18) | (range << 14) | value) >>> 0;
    }
    throw new RangeError(`${amperes} A: more than the meter takes`);
  }

  /** The converter's value of a current: the calibration is a parabola. */
  #inverse(range: number, amperes: number): number {
    const { r, gs, gi, o, s, i, ug } = this.#options.calibration;
    const c = s[range] * this.#volts + i[range] - amperes / ug[range];
    const root = Math.sqrt(gi[range] ** 2 - 4 * gs[range] * c);
    const a = gs[range] === 0 ? -c / gi[range] : (root - gi[range]) / (2 * gs[range]);
    return ((a * r[range]) / STEP + o[range]) / 4;
  }
}
