/**
 * Finds the self-test that a board plays on its marking pins after power was off (protocol/marks.ts), takes it out of
 * the phases, and says what it proves: which pin is on which channel, and how far the two clocks are apart.
 */

import { type SelfTestStep, selfTestSteps } from "../../../protocol/marks.js";
import type { Run } from "./runs.js";

/** Which channel each pin is on; undefined: on none. */
type Wiring = readonly (number | undefined)[];

interface Pattern {
  readonly wiring: Wiring;
  /** What is seen: from the first channel that goes high to the last one that goes low. */
  readonly steps: readonly SelfTestStep[];
}

/** Time bases may differ by so much, and each edge by two samples. */
const TOLERANCE = 0.03;
const EDGE_SAMPLES = 2;
/** Samples a second from which a self-test is looked for, and from which one of missing wires is: it has few edges. */
const LEAST_RATE = 4_000;
const PARTIAL_RATE = 20_000;

/** Runs in; runs out again, without those of a self-test. */
export class SelfTest {
  readonly notes: string[] = [];
  readonly #patterns: readonly Pattern[];
  readonly #longest: number;
  readonly #edge: number;
  readonly #names: readonly string[];
  readonly #onRun: (run: Run) => void;
  readonly #onFound: () => void;
  #queue: Run[] = [];
  /** Found with these wires: more than one are not told apart. */
  #wrong: Wiring | undefined;

  constructor(
    names: readonly string[],
    samplesPerSecond: number,
    onRun: (run: Run) => void,
    onFound: () => void,
  ) {
    this.#names = names;
    this.#onRun = onRun;
    this.#onFound = onFound;
    this.#edge = EDGE_SAMPLES / samplesPerSecond;
    this.#patterns = wirings(names.length)
      .filter((wiring) => samplesPerSecond >= (wiring.includes(undefined) ? PARTIAL_RATE : LEAST_RATE))
      .map((wiring) => ({ wiring, steps: seen(wiring) }));
    this.#longest = Math.max(0, ...this.#patterns.map(({ steps }) => steps.length));
  }

  /** In words, when the wires are not as they should be: no figure can be right then. */
  get wrong(): string | undefined {
    const wiring = this.#wrong;
    if (wiring === undefined) return undefined;
    const pins = wiring.map((channel, pin) =>
      channel === undefined ? `pin ${pin + 1} is on none` : `pin ${pin + 1} is on ${this.#names[channel]}`,
    );
    const known = wiring.map((channel) => (channel === undefined ? undefined : this.#names[channel]));
    const what = known.includes(undefined) ? "connect it" : `give --marks ${known.join()}`;
    return `the self-test of the marks says that ${pins.join(", ")}: ${what}`;
  }

  run(run: Run): void {
    this.#queue.push(run);
    // One more than the longest: the low behind the last step is part of the trace.
    while (this.#queue.length > this.#longest + 1) this.#step();
  }

  end(): void {
    while (this.#queue.length > 0) this.#step();
  }

  #step(): void {
    const pattern = this.#patterns.find(({ steps }) => this.#fits(steps));
    if (pattern === undefined) {
      this.#onRun(this.#queue.shift() as Run);
      return;
    }
    const test = this.#queue.splice(0, pattern.steps.length);
    this.#onFound();
    if (!pattern.wiring.every((channel, pin) => channel === pin)) {
      this.#wrong = pattern.wiring;
      return;
    }
    const expected = pattern.steps.reduce((sum, { milliseconds }) => sum + milliseconds, 0) / 1000;
    const measured = test.reduce((sum, { seconds }) => sum + seconds, 0);
    const percent = 100 * (measured / expected - 1);
    const uncertain = (100 * this.#edge) / expected;
    this.notes.push(
      `self-test at ${test[0].start.toFixed(3)} s: all wires are right; the board's clock is ` +
        `${Math.abs(percent).toFixed(2)} % ${percent < 0 ? "fast" : "slow"} (± ${uncertain.toFixed(2)} %)`,
    );
  }

  #fits(steps: readonly SelfTestStep[]): boolean {
    const queue = this.#queue;
    return (
      queue.length > steps.length &&
      steps.every(({ levels, milliseconds }, i) => {
        const { level, seconds } = queue[i];
        const off = Math.abs(seconds - milliseconds / 1000);
        return level === levels && off <= (TOLERANCE * milliseconds) / 1000 + this.#edge;
      }) &&
      queue[steps.length].level === 0
    );
  }
}

/** All ways to connect so many pins, at least one of them, to as many channels; the right one first. */
function wirings(pins: number): Wiring[] {
  let all: (number | undefined)[][] = [[]];
  for (let pin = 0; pin < pins; pin++) {
    const channels = [...Array.from({ length: pins }, (_, i) => (pin + i) % pins), undefined];
    all = all.flatMap((wiring) =>
      channels
        .filter((channel) => channel === undefined || !wiring.includes(channel))
        .map((channel) => [...wiring, channel]),
    );
  }
  return all.filter((wiring) => wiring.some((channel) => channel !== undefined));
}

/** The self-test as these wires show it. */
function seen(wiring: Wiring): SelfTestStep[] {
  const steps: SelfTestStep[] = [];
  for (const { levels, milliseconds } of selfTestSteps(wiring.length)) {
    const shown = wiring.reduce<number>(
      (all, channel, pin) => (channel === undefined ? all : all | (((levels >> pin) & 1) << channel)),
      0,
    );
    const last = steps.at(-1);
    if (last?.levels === shown)
      steps[steps.length - 1] = { levels: shown, milliseconds: last.milliseconds + milliseconds };
    else if (steps.length > 0 || shown !== 0) steps.push({ levels: shown, milliseconds });
  }
  return steps.slice(0, -1);
}
