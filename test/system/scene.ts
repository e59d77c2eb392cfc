/** A sensor, two third parties and the Responder as processes, with relays between them that hear everything. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildEngine, EngineUnavailableError } from "../../boards/linux/build.js";
import { type Folders, prepareFolders } from "../../host/simulation/folders.js";
import { Network, type Passage, type Relay } from "../../host/simulation/network.js";
import { type PartyEvent, PartyProcess, programFile } from "../../host/simulation/process.js";
import { toHex } from "../../protocol/bytes.js";
import { decodeMessage } from "../../protocol/coap/message.js";
import { readShareMessage } from "../../protocol/exchange/share-message.js";
import { isProtected, readRequestHeader } from "../../protocol/oscore/protect.js";
import { ownHost } from "../host/own-host.js";

const main = programFile("host/cli/main.js");
const SENSOR = "sensor01";
const PARTIES = ["party-01", "party-02"];
const HOSPITAL = "hospital";
export const START = 30_000;
const DEADLINE = 10;

/** The engine and what comes before the module; Node where XS can't be had. */
async function findEngine(): Promise<string[]> {
  try {
    return [(await buildEngine()).path];
  } catch (error) {
    if (!(error instanceof EngineUnavailableError)) throw error;
    return [process.execPath, programFile("boards/linux/node.js")];
  }
}

export class Scene {
  readonly readings: PartyEvent[] = [];
  readonly lastWords: string[] = [];
  /** Of the sensor towards the Responder. */
  readonly passed: Passage[] = [];
  /** Of the sensor towards the third parties. */
  readonly shares: Passage[] = [];
  readonly #folder = mkdtempSync(join(tmpdir(), "symbolon-readings-"));
  readonly #network = new Network({
    drop: 0,
    observers: [(passage) => this.#observe(passage)],
    onError: (error) => {
      throw error;
    },
  });
  readonly #relays = new Map<string, Relay>();
  readonly #servers = new Map<string, PartyProcess>();
  #engine: string[] = [];
  #folders: Folders | undefined;
  #port = 0;
  readonly #host = ownHost();

  async open(): Promise<void> {
    this.#engine = await findEngine();
    for (const [client, server] of [
      ...PARTIES.flatMap((party) => [
        [SENSOR, party],
        [party, HOSPITAL],
      ]),
      [SENSOR, HOSPITAL],
    ]) {
      this.#relays.set(`${client} ${server}`, await this.#network.open(client, server, 0));
    }
    this.#folders = await prepareFolders({
      folder: this.#folder,
      sensors: [SENSOR],
      thirdParties: PARTIES,
      responder: HOSPITAL,
      ...{ threshold: 2, privacy: 1, suite: "aes-ccm-128", deadline: DEADLINE, bits: 2048, channel: true },
      address: (client, server) => (this.#relays.get(`${client} ${server}`) as Relay).address,
      signal: AbortSignal.timeout(START),
    });
    await Promise.all([
      this.startHospital(),
      ...PARTIES.map((party) => this.#serve(party, "third-party", 0)),
    ]);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#servers.values()].map((server) => server.stop()));
    this.#network.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  get sensorFolder(): string {
    return this.#folders?.sensors.get(SENSOR) as string;
  }

  async startHospital(): Promise<void> {
    this.#port = await this.#serve(HOSPITAL, "responder", this.#port);
  }

  async killHospital(): Promise<void> {
    const hospital = this.#servers.get(HOSPITAL) as PartyProcess;
    process.kill(hospital.pid as number, "SIGKILL");
    await hospital.ended;
  }

  /**
   * Starts the firmware; resolves to its events when it has ended, or was killed so many ms after its first word, or
   * after its process began.
   */
  async sensor(
    args: readonly string[],
    life: number,
    program = programFile("boards/linux/readings.js"),
    from: "word" | "start" = "word",
  ): Promise<PartyEvent[]> {
    const [command, ...first] = this.#engine;
    const dir = this.sensorFolder;
    const child = spawn(command, [...first, program, "--dir", dir, ...args], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let text = "";
    child.stdout.setEncoding("utf8").on("data", (part: string) => {
      text += part;
    });
    let timer = setTimeout(() => child.kill("SIGKILL"), from === "start" ? life : START + life);
    child.stdout.once("data", () => {
      if (from === "start") return;
      clearTimeout(timer);
      timer = setTimeout(() => child.kill("SIGKILL"), life);
    });
    await once(child, "close");
    clearTimeout(timer);
    // A process that is killed may leave half a line.
    const lines = text.slice(0, text.lastIndexOf("\n") + 1).split("\n");
    return lines.filter((line) => line !== "").map((line) => JSON.parse(line) as PartyEvent);
  }

  async #serve(name: string, command: string, port: number): Promise<number> {
    const dir = name === HOSPITAL ? this.#folders?.responder : this.#folders?.thirdParties.get(name);
    const server = new PartyProcess({
      name,
      script: main,
      args: [
        ...[
          command,
          "--dir",
          dir as string,
          "--listen",
          `${this.#host}:${port}`,
          "--deadline",
          `${DEADLINE}`,
        ],
        ...(name === HOSPITAL ? ["--print"] : []),
      ],
      // What a process that was killed has said last, on standard error.
      onFailure: ({ message }) => this.lastWords.push(message),
      onEvent: (event) => {
        if (event.event === "reading") this.readings.push(event);
      },
    });
    this.#servers.set(name, server);
    const listening = await server.waitFor("listening", ({ event }) => event === "listening", START);
    const at = { address: this.#host, port: listening.port as number };
    for (const [path, relay] of this.#relays) if (path.endsWith(` ${name}`)) relay.connect(at);
    return at.port;
  }

  #observe(passage: Passage): void {
    const { from, to, datagram } = passage;
    if (from !== SENSOR) return;
    const log = to === HOSPITAL ? this.passed : this.shares;
    log.push({ ...passage, datagram: Uint8Array.from(datagram) });
  }
}

/** Checks that no sequence number was used for two contents, and that those of a key only grow. */
export function checkNumbers(passed: readonly Passage[]) {
  const seen = new Map<string, string>();
  const perKey = new Map<string, number[]>();
  for (const { datagram } of passed) {
    const message = decodeMessage(datagram);
    if (message === undefined || !isProtected(message)) continue;
    const { kid, kidContext, sequenceNumber } = readRequestHeader(message);
    const key = `${toHex(kid)} ${kidContext === undefined ? "" : toHex(kidContext)}`;
    const before = seen.get(`${key} ${sequenceNumber}`);
    const content = toHex(message.payload);
    assert.ok(before === undefined || before === content, `key ${key}: number ${sequenceNumber} twice`);
    if (before === undefined) perKey.set(key, [...(perKey.get(key) ?? []), sequenceNumber]);
    seen.set(`${key} ${sequenceNumber}`, content);
  }
  for (const [key, numbers] of perKey) {
    const sorted = [...numbers].sort((a, b) => a - b);
    assert.deepEqual(numbers, sorted, `numbers of key ${key} only grow`);
  }
  return { seen, perKey };
}

/**
 * Checks that a T has one message for each third party, and that no two T share CSB ID and RAND (RFC 3830 §4.1.3: keys
 * come of both); the T's that were seen.
 */
export function checkShares(shares: readonly Passage[]): Set<number> {
  const seen = new Map<string, string>();
  const sessions = new Map<string, number>();
  const used = new Set<number>();
  for (const { to, datagram } of shares) {
    const payload = decodeMessage(datagram)?.payload;
    if (payload === undefined || payload.length === 0) continue;
    const { t, csbId, rand } = readShareMessage(payload).session;
    const content = toHex(payload);
    assert.equal(seen.get(`${to} ${t}`) ?? content, content, `T ${t} has two messages for ${to}`);
    seen.set(`${to} ${t}`, content);
    const session = `${toHex(csbId)} ${toHex(rand)}`;
    assert.equal(sessions.get(session) ?? t, t, `T ${t} has the CSB ID and RAND of another`);
    sessions.set(session, t);
    used.add(t);
  }
  assert.equal(sessions.size, used.size, "a T has one CSB ID and RAND");
  return used;
}
