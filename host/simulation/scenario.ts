/**
 * A whole distributed exchange on one machine: an authority and enrolments in a temporary folder, the Responder
 * and the third parties as processes, the firmware on its engine as another, and a network between them that
 * loses what it is told to.
 */

import { randomBytes } from "node:crypto";
import { setMaxListeners } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { SuiteName } from "../../protocol/mikey/suites.js";
import { type Folders, prepareFolders } from "./folders.js";
import { draw, type Line, Network, type Relay } from "./network.js";
import { type Capture, captureAddresses, openCapture } from "./pcap.js";
import { PartyError, type PartyEvent, PartyProcess } from "./process.js";
import type { Progress } from "./progress.js";
import { areComplete, ReadingTally } from "./readings.js";
import {
  deviceFigures,
  type Expiry,
  findingsOf,
  type LinkName,
  type MessageRecord,
  type Misfit,
  type RunResult,
  reasonOf,
} from "./result.js";

export interface Settings {
  readonly thirdParties: number;
  readonly threshold: number;
  readonly privacy: number;
  /** How many third parties are stopped before the sensor starts. */
  readonly lose: number;
  /** How many of the others lie. */
  readonly liars: number;
  /** Whether they plant a key of their own together; else each alters its share. */
  readonly collude: boolean;
  /** The part of all datagrams, over gatt of all notifications, that is lost: 0 to 1. */
  readonly drop: number;
  /** How the sensors reach the network. */
  readonly link: LinkName;
  /** The part of all bytes on a serial line that arrives as another: 0 to 1. */
  readonly corrupt: number;
  /** Run i (from 0) takes seed + i. */
  readonly seed: number;
  readonly suite: SuiteName;
  /** Seconds. */
  readonly deadline: number;
  readonly repeat: number;
  /** How many sensors take part at a time. */
  readonly parallel: number;
  /** Size of every RSA key. */
  readonly bits: number;
  /** Readings that each sensor sends; without it there is no channel. */
  readonly readings?: number;
  /** Where the capture goes, if one is wanted. */
  readonly pcap?: string;
}

/** The programs that the parties are: JavaScript files. */
export interface Programs {
  /** `symbolon`, with its commands third-party and responder. */
  readonly main: string;
  /** A third party that lies; it takes the options of `symbolon third-party`. */
  readonly liar: string;
  /** Starts the firmware on its engine. */
  readonly launch: string;
}

export interface Surroundings {
  readonly programs: Programs;
  readonly progress: Progress;
  /** Ends the simulation early; it then rejects with the signal's reason. */
  readonly signal: AbortSignal;
}

export const RESPONDER = "hospital";

/** How long a process may take to start, on a machine that is busy starting others. */
const START_MS = 60_000;
/** What an engine that was never built may take. */
const BUILD_MS = 300_000;
/** How long the sensor may take past its own deadline before it counts as stuck. */
const STUCK_MS = 15_000;
/** Messages that are still on their way when the sensor has finished: until all or silence, at most. */
const SETTLE_MS = 2000;
const SILENCE_MS = 250;
/** How long one reading may take on a network that loses much. */
const READING_MS = 60_000;

/** The names of sensor i and third party i (from 0): eight bytes each, while two digits are enough. */
export function sensorName(i: number): string {
  return `sensor${`${i + 1}`.padStart(2, "0")}`;
}
export function thirdPartyName(i: number): string {
  return `party-${`${i + 1}`.padStart(2, "0")}`;
}

/** The border router of sensor i (from 0), where its link needs one. */
export function routerName(i: number): string {
  return `router${`${i + 1}`.padStart(2, "0")}`;
}

/** Which third parties a seed stops, in their order. */
export function chooseLost(thirdParties: readonly string[], lose: number, seed: number): string[] {
  return choose("lose", thirdParties, lose, seed);
}

/** Which of those that are not stopped lie, in their order. */
export function chooseLiars(
  thirdParties: readonly string[],
  lost: readonly string[],
  liars: number,
  seed: number,
): string[] {
  const left = thirdParties.filter((name) => !lost.includes(name));
  return choose("lie", left, liars, seed);
}

function choose(from: string, names: readonly string[], count: number, seed: number): string[] {
  const lots = names.map((to) => ({ to, lot: draw(seed, { from, to }, 0) }));
  const chosen = new Set(
    [...lots]
      .sort((a, b) => a.lot - b.lot)
      .slice(0, count)
      .map(({ to }) => to),
  );
  return names.filter((name) => chosen.has(name));
}

/**
 * Runs all exchanges and returns a result for each, in order. Rejects when the scene could not be set, and with
 * the signal's reason; an exchange that fails is a result. Leaves no process and no file behind, but the capture.
 */
export async function simulate(settings: Settings, surroundings: Surroundings): Promise<RunResult[]> {
  const scene = new Scene(settings, surroundings);
  try {
    return await scene.play();
  } finally {
    await scene.clear();
  }
}

/** One exchange while it runs. */
interface Exchange {
  readonly sensor: string;
  readonly messages: MessageRecord[];
  engine: string;
  beganAt: number;
  /** When the last message was announced. */
  heardAt: number;
  responderTek: string | null;
  expiry: Expiry | undefined;
  /** What the Responder found, by third party. */
  readonly misfits: Map<string, Misfit>;
  readonly readings: ReadingTally;
  /** What it could not tell, by the kind of lie. */
  readonly undecided: Map<Misfit, string>;
}

class Scene {
  readonly #settings: Settings;
  readonly #surroundings: Surroundings;
  readonly #sensors: string[];
  readonly #thirdParties: string[];
  /** By the sensor's name; none where sensors have IP. */
  readonly #routers: ReadonlyMap<string, string>;
  readonly #network: Network;
  readonly #capture: Capture | undefined;
  readonly #processes = new Set<PartyProcess>();
  /** By the sensor's name. */
  readonly #exchanges = new Map<string, Exchange>();
  /** The paths by server; each third party's begin at a sensor, the Responder's at a third party. */
  readonly #relays = new Map<string, Map<string, Relay>>();
  /** Aborted when the simulation is to end, and when anything fails that no exchange can survive. */
  readonly #broken = new AbortController();
  #folder: string | undefined;
  #engine = "";
  readonly #lost: readonly string[];
  readonly #liars: readonly string[];
  /** When a third party last sent the Responder anything, for whichever sensor. */
  #forwardedAt = Number.NEGATIVE_INFINITY;

  constructor(settings: Settings, surroundings: Surroundings) {
    this.#settings = settings;
    this.#surroundings = surroundings;
    const { thirdParties, parallel, repeat, drop, pcap, lose, liars, seed, link } = settings;
    this.#sensors = Array.from({ length: Math.min(parallel, repeat) }, (_, i) => sensorName(i));
    this.#thirdParties = Array.from({ length: thirdParties }, (_, i) => thirdPartyName(i));
    this.#lost = chooseLost(this.#thirdParties, lose, seed);
    this.#liars = chooseLiars(this.#thirdParties, this.#lost, liars, seed);
    this.#routers = new Map(link === "udp" ? [] : this.#sensors.map((sensor, i) => [sensor, routerName(i)]));
    const routers = [...this.#routers.values()];
    const addresses = captureAddresses(this.#sensors, this.#thirdParties, RESPONDER, routers);
    if (pcap !== undefined) this.#capture = openCapture(pcap, (party) => addresses.get(party) as string);
    this.#network = new Network({
      drop: link === "gatt" ? 0 : drop,
      observers: this.#capture === undefined ? [] : [this.#capture.observe],
      onError: (error) => this.#broken.abort(error),
    });
    // Every exchange that runs listens.
    setMaxListeners(0, this.#broken.signal);
    const { signal } = surroundings;
    signal.addEventListener("abort", () => this.#broken.abort(signal.reason), { once: true });
  }

  async play(): Promise<RunResult[]> {
    const { signal, progress } = this.#surroundings;
    signal.throwIfAborted();
    this.#folder = await mkdtemp(join(tmpdir(), "symbolon-"));
    await this.#openPaths();
    const [folders] = await this.#unlessBroken(
      Promise.all([this.#enrol(this.#folder), this.#prepareEngine()]),
    );
    await this.#unlessBroken(this.#startServers(folders));
    await this.#unlessBroken(this.#startRouters());
    await this.#stopLost();

    const { repeat } = this.#settings;
    const results: RunResult[] = [];
    const step = progress.begin(repeat === 1 ? "exchange" : "exchanges");
    let next = 0;
    let done = 0;
    const work = async (sensor: string) => {
      while (next < repeat && !signal.aborted) {
        const i = next++;
        results[i] = await this.#exchange(i, sensor, folders.sensors.get(sensor) as string, (detail) => {
          if (repeat === 1) step.update(detail);
        });
        done++;
        if (repeat > 1) step.update(`${done} of ${repeat} done`);
      }
    };
    await Promise.all(this.#sensors.map(work));
    signal.throwIfAborted();
    const agreed = results.filter((result) => result.agreed).length;
    step.done(
      repeat === 1
        ? `exchange: ${agreed === 1 ? "agreed" : "not agreed"}`
        : `exchanges: ${agreed} of ${repeat} agreed`,
    );
    return results;
  }

  async clear(): Promise<void> {
    // What may still be under way leaves nothing behind.
    this.#broken.abort(new Error("the simulation is over"));
    await Promise.all([...this.#processes].map((party) => party.stop()));
    this.#network.close();
    this.#capture?.close();
    if (this.#folder !== undefined) await rm(this.#folder, { recursive: true, force: true });
  }

  async #openPaths(): Promise<void> {
    const { seed, corrupt, drop, link } = this.#settings;
    const open = async (client: string, server: string, line?: Line) => {
      let paths = this.#relays.get(server);
      if (paths === undefined) {
        paths = new Map();
        this.#relays.set(server, paths);
      }
      paths.set(client, await this.#network.open(client, server, seed, line));
    };
    for (const party of this.#thirdParties) {
      await open(party, RESPONDER);
      for (const sensor of this.#sensors) await open(this.#clientFor(sensor), party);
    }
    if (this.#settings.readings !== undefined)
      for (const sensor of this.#sensors) await open(this.#clientFor(sensor), RESPONDER);
    const line = { corrupt, drop: link === "gatt" ? drop : 0 };
    for (const [sensor, router] of this.#routers) await open(sensor, router, line);
  }

  /** Whose requests third parties see: the sensor's own, or its border router's. */
  #clientFor(party: string): string {
    return this.#routers.get(party) ?? party;
  }

  #relay(client: string, server: string): Relay {
    return this.#relays.get(server)?.get(client) as Relay;
  }

  async #enrol(folder: string): Promise<Folders> {
    const { bits, suite, threshold, privacy, deadline, readings } = this.#settings;
    const step = this.#surroundings.progress.begin(
      `authority, ${this.#thirdParties.length + 2} RSA-${bits} keys, enrolment`,
    );
    const folders = await prepareFolders({
      folder,
      sensors: this.#sensors,
      thirdParties: this.#thirdParties,
      responder: RESPONDER,
      ...{ bits, suite, threshold, privacy, deadline, channel: readings !== undefined },
      address: (client, server) => this.#relay(this.#clientFor(client), server).address,
      signal: this.#broken.signal,
      onKey: (made) => step.update(`${made} keys`),
    });
    step.done();
    return folders;
  }

  /** Has the engine built, so that no exchange waits for it. */
  async #prepareEngine(): Promise<void> {
    const { progress, programs } = this.#surroundings;
    const step = progress.begin("engine");
    const launcher = this.#start("engine", programs.launch, ["--prepare"], (event) => {
      if (event.event !== "building") return;
      step.update(`${event.detail}`);
      progress.say(`engine: ${event.detail}`);
    });
    const { engine, cached, note } = await launcher.waitFor(
      "engine",
      ({ event }) => event === "engine",
      BUILD_MS,
    );
    await launcher.ended;
    this.#processes.delete(launcher);
    this.#engine = `${engine}`;
    const how = typeof note === "string" ? note : cached === true ? "built before" : "built now";
    step.done(`engine: ${engine}, ${how}`);
  }

  async #startServers({ responder, thirdParties }: Folders): Promise<void> {
    const { progress, programs } = this.#surroundings;
    const { deadline, collude } = this.#settings;
    const secret = randomBytes(16).toString("hex");
    const step = progress.begin(`${this.#thirdParties.length} third parties and ${RESPONDER}`);
    let up = 0;
    const serve = async (name: string, command: string, dir: string) => {
      const options = ["--dir", dir, "--listen", "127.0.0.1:0", "--deadline", `${deadline}`];
      const [script, args] = this.#liars.includes(name)
        ? [programs.liar, collude ? [...options, "--collude", secret] : options]
        : [programs.main, [command, ...options]];
      const server = this.#start(
        name,
        script,
        args,
        (event) => this.#serverEvent(name, event),
        (error) => this.#broken.abort(error),
      );
      const { address, port } = await server.waitFor(
        "listening",
        ({ event }) => event === "listening",
        START_MS,
      );
      if (typeof address !== "string" || typeof port !== "number") {
        throw new TypeError(`${name}: its "listening" event has no address and port`);
      }
      for (const relay of this.#relays.get(name)?.values() ?? []) relay.connect({ address, port });
      step.update(`${++up} up`);
    };
    await Promise.all([
      serve(RESPONDER, "responder", responder),
      ...this.#thirdParties.map((name) => serve(name, "third-party", thirdParties.get(name) as string)),
    ]);
    step.done(`${this.#thirdParties.length} third parties and ${RESPONDER} are listening`);
    if (this.#liars.length === 0) return;
    progress.say(`${this.#liars.join(", ")} ${collude ? "plant a key together" : "will alter their shares"}`);
  }

  async #startRouters(): Promise<void> {
    const { programs } = this.#surroundings;
    const option = this.#settings.link === "gatt" ? "--gatt" : "--serial";
    const route = async (sensor: string, name: string) => {
      const args = ["border-router", option, "udp:127.0.0.1:0", "--listen", "127.0.0.1:0"];
      const router = this.#start(name, programs.main, args, undefined, (error) => this.#broken.abort(error));
      const { at } = await router.waitFor("line", ({ event }) => event === "attached", START_MS);
      const port = Number(/^udp:127\.0\.0\.1:(\d+)$/.exec(`${at}`)?.[1]);
      this.#relay(sensor, name).connect({ address: "127.0.0.1", port });
    };
    await Promise.all([...this.#routers].map(([sensor, name]) => route(sensor, name)));
  }

  async #stopLost(): Promise<void> {
    if (this.#lost.length === 0) return;
    const gone = [...this.#processes].filter(({ name }) => this.#lost.includes(name));
    await Promise.all(gone.map((party) => party.stop()));
    for (const party of this.#lost) {
      for (const relay of this.#relays.get(party)?.values() ?? []) relay.connect(undefined);
    }
    this.#surroundings.progress.say(`stopped ${this.#lost.join(", ")}`);
  }

  /** One exchange, run i, by an enrolled sensor. */
  async #exchange(
    i: number,
    sensor: string,
    dir: string,
    onDetail: (detail: string) => void,
  ): Promise<RunResult> {
    const { seed, deadline, threshold, privacy, suite, repeat, link, readings } = this.#settings;
    this.#reseed(sensor, seed + i);
    const now = performance.now();
    const exchange: Exchange = {
      sensor,
      messages: [],
      engine: this.#engine,
      beganAt: now,
      heardAt: now,
      responderTek: null,
      expiry: undefined,
      misfits: new Map(),
      undecided: new Map(),
      readings: new ReadingTally(),
    };
    this.#exchanges.set(sensor, exchange);

    let finished: PartyEvent | undefined;
    let failure: Error | undefined;
    const args = ["--dir", dir, ...this.#lineOf(sensor)];
    if (readings !== undefined) args.push("--readings", `${readings}`);
    const process = this.#start(sensor, this.#surroundings.programs.launch, args, (event) => {
      if (event.event === "engine") {
        exchange.engine = `${event.engine}`;
        exchange.beganAt = performance.now();
      }
      if (event.event === "reading") exchange.readings.sent(event);
      if (event.event === "message") {
        this.#announced(exchange, event);
        if (repeat === 1) onDetail(`${event.name} ${event.from} → ${event.to}`);
      }
    });
    const read = readings === undefined ? undefined : this.#awaitReadings(process, exchange, readings);
    try {
      const patience = START_MS + deadline * 1000 + STUCK_MS;
      finished = await this.#unlessBroken(
        process.waitFor("finished", ({ event }) => event === "finished", patience),
      );
    } catch (error) {
      failure = error as Error;
    }
    const elapsedMs = Math.round(performance.now() - exchange.beganAt);
    if (failure === undefined) await this.#settle(exchange, deadline * 1000);
    if (read !== undefined) await this.#unlessBroken(read);
    await process.stop();
    this.#processes.delete(process);
    this.#exchanges.delete(sensor);

    const initiatorTek = typeof finished?.tek === "string" ? finished.tek : null;
    const sensorReason = typeof finished?.reason === "string" ? finished.reason : undefined;
    const reason =
      failure?.message ??
      reasonOf({
        ...{ sensor, threshold, deadline, initiatorTek, sensorReason },
        responder: RESPONDER,
        responderTek: exchange.responderTek,
        expiry: exchange.expiry,
      });
    return {
      agreed: reason === undefined,
      ...(reason === undefined ? {} : { reason }),
      engine: exchange.engine,
      ...(link !== "udp" && { link }),
      suite,
      thirdParties: this.#thirdParties.length,
      threshold,
      privacy,
      lost: this.#lost,
      ...findingsOf({
        threshold,
        agreed: reason === undefined,
        hasKey: exchange.responderTek !== null,
        misfits: exchange.misfits,
        undecided: exchange.undecided.size === 0 ? undefined : [...exchange.undecided.values()].join("; "),
      }),
      tek: { initiator: initiatorTek, responder: exchange.responderTek },
      confirmed: finished?.confirmed === true,
      device: deviceFigures(finished?.device),
      messages: exchange.messages,
      ...(readings !== undefined && { readings: exchange.readings.figures }),
      elapsedMs,
    };
  }

  /** What tells a sensor's process where its line is. */
  #lineOf(sensor: string): string[] {
    const router = this.#routers.get(sensor);
    return router === undefined ? [] : [`--${this.#settings.link}`, this.#relay(sensor, router).address];
  }

  /**
   * Waits until the sensor has sent its readings and the Responder has told of those that it has; never rejects.
   * What stops the sensor before is the exchange's failure, and shows in the figures.
   */
  async #awaitReadings(sensor: PartyProcess, { readings }: Exchange, count: number): Promise<void> {
    const patience = START_MS + this.#settings.deadline * 1000 + STUCK_MS + count * READING_MS;
    try {
      await sensor.waitFor("readings", ({ event }) => event === "readings", patience);
    } catch (error) {
      if (!(error instanceof PartyError)) throw error;
    }
    const enough = performance.now() + SETTLE_MS;
    while (!areComplete(readings.figures, count) && performance.now() < enough) await sleep(10);
  }

  /**
   * The links of a run begin its seed's streams. Those between third parties and the Responder are common to
   * all sensors; where several take part at a time, these go on with the first seed's.
   */
  #reseed(sensor: string, seed: number): void {
    for (const party of this.#thirdParties) {
      this.#relay(this.#clientFor(sensor), party).reseed(seed);
      if (this.#sensors.length === 1) this.#relay(party, RESPONDER).reseed(seed);
    }
    this.#relays.get(RESPONDER)?.get(sensor)?.reseed(seed);
    const router = this.#routers.get(sensor);
    if (router !== undefined) this.#relay(sensor, router).reseed(seed);
  }

  /**
   * The sensor has finished: waits for the Responder's word, when a third party has sent it anything, and for
   * the messages still under way.
   */
  async #settle(exchange: Exchange, deadlineMs: number): Promise<void> {
    const decided = () => exchange.responderTek !== null || exchange.expiry !== undefined;
    // The Responder's deadline begins with the first share that it accepts.
    const latest = performance.now() + deadlineMs + SETTLE_MS;
    const forwarded = () => this.#forwardedAt >= exchange.beganAt;
    const quiet = () => performance.now() - exchange.heardAt > SILENCE_MS;
    const over = () => this.#broken.signal.aborted || performance.now() > latest;
    while (!decided() && !over() && (forwarded() || !quiet())) await sleep(10);

    const live = this.#thirdParties.length - this.#lost.length;
    const count = (wanted: string) => exchange.messages.filter(({ name }) => name === wanted).length;
    // What is refused as a lie gets no R_TP. A session that ends without a key may not be the last to end.
    const complete = () =>
      exchange.responderTek !== null &&
      count("R_TP") + exchange.misfits.size >= live &&
      count("TP_I") >= live &&
      exchange.misfits.size >= this.#liars.length;
    // Liars' messages are longer on their way than the honest.
    const still = () => this.#liars.length === 0 && quiet();
    const enough = performance.now() + SETTLE_MS;
    while (!complete() && !still() && !this.#broken.signal.aborted && performance.now() < enough)
      await sleep(10);
  }

  /** What a third party or the Responder says, to the exchange that it is about. */
  #serverEvent(name: string, event: PartyEvent): void {
    if (event.event === "message" && event.name === "TP_R") this.#forwardedAt = performance.now();
    const exchange = this.#exchangeOf(event);
    if (exchange === undefined) return;
    if (event.event === "message") this.#announced(exchange, event);
    if (name !== RESPONDER) return;
    if (event.event === "reading") exchange.readings.received(event);
    if (event.event === "agreed" && typeof event.tek === "string") exchange.responderTek = event.tek;
    if (event.event === "expired") {
      const { shares, threshold, missing, reason } = event;
      if (typeof shares === "number" && typeof threshold === "number" && typeof missing === "number") {
        const explained = typeof reason === "string" ? { reason } : {};
        exchange.heardAt = performance.now();
        // Liars open sessions of their own: the fullest says most.
        if (shares > (exchange.expiry?.shares ?? -1)) {
          exchange.expiry = { shares, threshold, missing, ...explained };
        }
      }
    }
    const kind: Misfit = event.what === "share" ? "share" : "session";
    if (event.event === "misfit" && typeof event.thirdParty === "string") {
      exchange.misfits.set(event.thirdParty, kind);
      exchange.undecided.delete(kind);
    }
    if (event.event === "undecided") exchange.undecided.set(kind, `${event.reason}`);
  }

  #exchangeOf({ sensor, from, to }: PartyEvent): Exchange | undefined {
    for (const name of [sensor, from, to]) {
      const exchange = typeof name === "string" ? this.#exchanges.get(name) : undefined;
      if (exchange !== undefined) return exchange;
    }
    // A message between servers that does not say whose it is can be told only when there is one exchange.
    if (sensor !== undefined || this.#exchanges.size !== 1) return undefined;
    const [only] = this.#exchanges.values();
    return only;
  }

  #announced(exchange: Exchange, { name, from, to, bytes }: PartyEvent): void {
    exchange.heardAt = performance.now();
    if (
      typeof name === "string" &&
      typeof from === "string" &&
      typeof to === "string" &&
      typeof bytes === "number"
    ) {
      exchange.messages.push({ name, from, to, bytes });
    }
  }

  #start(
    name: string,
    script: string,
    args: readonly string[],
    onEvent?: (event: PartyEvent) => void,
    onFailure?: (error: Error) => void,
  ): PartyProcess {
    const party = new PartyProcess({
      ...{ name, script, args },
      ...(onEvent && { onEvent }),
      ...(onFailure && { onFailure }),
    });
    this.#processes.add(party);
    return party;
  }

  /** What the promise gives, or a rejection as soon as the scene is broken. */
  async #unlessBroken<T>(promise: Promise<T>): Promise<T> {
    const { signal } = this.#broken;
    let onAbort = () => {};
    const broken = new Promise<never>((_, reject) => {
      onAbort = () => reject(signal.reason);
      if (signal.aborted) onAbort();
      else signal.addEventListener("abort", onAbort, { once: true });
    });
    try {
      return await Promise.race([promise, broken]);
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }
}
