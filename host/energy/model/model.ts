/**
 * What an exchange and a reading should cost: E = V · Σ I·t over Energest's states. Nothing here is measured; every
 * number comes with its assumption and its source.
 */

import { readFileSync } from "node:fs";
import { type BoardName, type Currents, readCurrents, type State } from "./currents.js";
import { type LinkModel, type LinkName, linkModel } from "./links.js";
import { exchangeMessages, type Form, readingMessages, type Wire } from "./messages.js";

export interface ModelOptions {
  readonly board: BoardName;
  readonly link: LinkName;
  readonly form: Form;
  readonly threshold: number;
  readonly thirdParties: number;
  /** Executed by the whole exchange; without it, what the emulated Cortex-M4 counted for 2-of-3. */
  readonly instructions?: number;
  /** Cycles an instruction. */
  readonly cpi?: number;
  /** Seconds of listening until the answer comes. */
  readonly window?: number;
  /** The part of all frames that is lost and sent again. */
  readonly loss?: number;
  /** Bytes of a reading. */
  readonly payload?: number;
}

/** Time and energy in one of the states. */
export interface Line {
  readonly state: State;
  readonly seconds: number;
  readonly amperes: number;
  readonly coulombs: number;
  readonly joules: number;
  readonly because: string;
  readonly source: string;
}

/** An exchange or a reading. */
export interface Ledger {
  readonly name: string;
  readonly messages: readonly Wire[];
  /** Of CoAP. */
  readonly bytesOut: number;
  readonly bytesIn: number;
  /** Both ways: of the messages alone; of the link's frames, set-up included, acknowledgements of the link not. */
  readonly messageBytes: number;
  readonly airBytes: number;
  readonly frames: number;
  readonly instructions: number;
  readonly lines: readonly Line[];
  readonly coulombs: number;
  readonly joules: number;
}

export interface Model {
  readonly options: Required<ModelOptions>;
  readonly currents: Currents;
  readonly exchange: Ledger;
  readonly reading: Ledger;
  readonly assumptions: readonly string[];
}

/** Assumed: what an instruction takes with caches and wait states nobody has measured here. */
export const CPI = 1.5;
const READING_BYTES = 16;
/** Assumed: a message protected and its receipt opened, each 53,000 as counted once for OSCORE in C with tinycrypt. */
const READING_INSTRUCTIONS = 106_000;
/** Assumed. */
const windows: Readonly<Record<"802.15.4" | "wifi", number>> = { "802.15.4": 0.01, wifi: 0.05 };

/** What `npm run bench` last recorded; the file is part of the package. */
export function recordedInstructions(): number {
  const file = new URL("../../../../test/bench/budgets.json", import.meta.url);
  return (JSON.parse(readFileSync(file, "utf8")) as { recorded: { instructions: number } }).recorded
    .instructions;
}

/** The model. Throws a RangeError when board and link do not go together. */
export function modelOf(options: ModelOptions): Model {
  const { board, link: name, form, threshold, thirdParties } = options;
  const all: Required<ModelOptions> = {
    ...{ board, link: name, form, threshold, thirdParties },
    instructions: options.instructions ?? recordedInstructions(),
    cpi: options.cpi ?? CPI,
    window: options.window ?? (name === "802.15.4" || name === "wifi" ? windows[name] : 0),
    loss: options.loss ?? 0,
    payload: options.payload ?? READING_BYTES,
  };
  const currents = readCurrents(board, name);
  const link = linkModel(name);
  const exchange = exchangeMessages(threshold, thirdParties, form);
  return {
    options: all,
    currents,
    exchange: ledgerOf("exchange", exchange, all.instructions, all, currents, link),
    reading: ledgerOf("reading", readingMessages(all.payload), READING_INSTRUCTIONS, all, currents, link),
    assumptions: [
      ...(options.instructions === undefined
        ? [
            `[confirmed] ${all.instructions} instructions for an exchange: counted on an emulated Cortex-M4, 2-of-3, an I_TP to each third party, software cryptography (test/bench/budgets.json)`,
            ...(form === "bundle"
              ? [
                  "[assumed] a bundle takes as many instructions as the messages: nobody has counted its own (--instructions)",
                ]
              : []),
            ...(threshold !== 2 || thirdParties !== 3
              ? [`[assumed] ${threshold} of ${thirdParties} takes as many instructions as 2 of 3`]
              : []),
          ]
        : [`[assumed] ${all.instructions} instructions for an exchange: given`]),
      ...(board === "esp32" ? ["[assumed] an Xtensa executes as many instructions as a Cortex-M4"] : []),
      `[assumed] ${READING_INSTRUCTIONS} instructions for a reading: twice what OSCORE in C with tinycrypt took for one message on the same emulator; the program is not kept here`,
      `[assumed] ${all.cpi} cycles an instruction; ${currents.hertz / 1e6} MHz`,
      `[assumed] ${1000 * all.window} ms of listening for the answer, once: third parties are asked side by side`,
      `[assumed] ${100 * all.loss} % of all frames are lost and sent again`,
      "[assumed] the CPU sleeps while the radio works; boot, sensing and flash writes are not counted",
      "[confirmed] OSCORE adds 13 bytes to a request and 11 to a response, with an empty Sender ID (draft-ietf-iotops-security-protocol-comparison)",
      ...link.assumptions,
      ...(name === "ble"
        ? ["[assumed] CoAP over GATT has no acknowledgements of its own and 3 bytes of header less"]
        : []),
    ],
  };
}

/** A ledger of messages and instructions. */
export function ledgerOf(
  name: string,
  wires: readonly Wire[],
  instructions: number,
  { cpi, window, loss }: Pick<Required<ModelOptions>, "cpi" | "window" | "loss">,
  currents: Currents,
  link: LinkModel,
): Ledger {
  const messages = link.name === "ble" ? overGatt(wires) : wires;
  const times = messages.map(({ out, bytes }) => (out ? link.send(bytes) : link.receive(bytes)));
  const sum = (of: (time: (typeof times)[number]) => number) =>
    times.reduce((total, time) => total + of(time), 0);
  const again = 1 / (1 - loss);
  const frames = sum((time) => time.frames);
  const transmit = link.setUp.transmit + again * sum((time) => time.transmit);
  const listen = link.setUp.listen + again * sum((time) => time.listen) + window;
  const line = (state: State, seconds: number, because: string): Line => {
    const amperes = currents.amperes[state];
    const coulombs = amperes * seconds;
    return {
      state,
      seconds,
      amperes,
      coulombs,
      joules: coulombs * currents.volts,
      because,
      source: currents.sources[state],
    };
  };
  const lines = [
    line("CPU", (instructions * cpi) / currents.hertz, `${instructions} instructions`),
    line("TRANSMIT", transmit, `${frames} frames both ways and the set-up of the link`),
    line("LISTEN", listen, `${frames} frames both ways, the set-up, and the window`),
  ];
  const bytes = (out: boolean) =>
    messages.filter((message) => message.out === out).reduce((total, message) => total + message.bytes, 0);
  return {
    ...{ name, messages, bytesOut: bytes(true), bytesIn: bytes(false), frames, instructions, lines },
    messageBytes: messages.reduce((total, { message }) => total + message, 0),
    airBytes: link.setUp.bytes + sum((time) => time.bytes),
    coulombs: lines.reduce((total, { coulombs }) => total + coulombs, 0),
    joules: lines.reduce((total, { joules }) => total + joules, 0),
  };
}

/** Of CoAP's header; what is no CoAP has none. */
const GATT_SAVES = 3;

function overGatt(wires: readonly Wire[]): Wire[] {
  return wires
    .filter(({ name }) => name !== "acknowledgement")
    .map((wire) => (wire.bytes === wire.message ? wire : { ...wire, bytes: wire.bytes - GATT_SAVES }));
}

export interface Sensitivity {
  readonly name: string;
  readonly low: string;
  readonly high: string;
  /** Joules of an exchange. */
  readonly lowJoules: number;
  readonly highJoules: number;
}

/** How an exchange's energy moves with what is least known. */
export function sensitivityOf({ options }: Model): Sensitivity[] {
  const joules = (change: Partial<ModelOptions>) => modelOf({ ...options, ...change }).exchange.joules;
  const row = (
    name: string,
    key: "cpi" | "window" | "loss",
    low: number,
    high: number,
    show: (value: number) => string,
  ) => ({
    ...{ name, low: show(low), high: show(high) },
    ...{ lowJoules: joules({ [key]: low }), highJoules: joules({ [key]: high }) },
  });
  return [
    row("cycles an instruction", "cpi", 1, 2.5, (value) => `${value}`),
    row(
      "listening for the answer",
      "window",
      0,
      Math.max(0.1, 5 * options.window),
      (value) => `${Math.round(1000 * value)} ms`,
    ),
    row("frames sent again", "loss", 0, 0.2, (value) => `${100 * value} %`),
  ];
}
