/**
 * A sensor that sleeps, its gateway or none, three third parties and the Responder: the application on XS, all others as
 * processes of the tool, with relays between them that record everything.
 */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { coapRequest } from "../../host/coap/client.js";
import { type Folders, prepareFolders } from "../../host/simulation/folders.js";
import { Network, type Passage, type Relay } from "../../host/simulation/network.js";
import { type PartyEvent, PartyProcess, programFile } from "../../host/simulation/process.js";
import { concat } from "../../protocol/bytes.js";
import { decodeBlock } from "../../protocol/coap/block.js";
import { decodeMessage } from "../../protocol/coap/message.js";
import { Codes, OptionNumbers } from "../../protocol/coap/numbers.js";
import { decodeUint, findOption } from "../../protocol/coap/options.js";

const main = programFile("host/cli/main.js");
export const SENSOR = "sensor01";
export const HOSPITAL = "hospital";
const GATEWAY = "gateway";
const PARTIES = ["party-01", "party-02", "party-03"];
const START = 60_000;
const DEADLINE = 10;
/** Milliseconds by which the parties are older than the test. */
const AGE = 3_600_000;

/** A whole request as it was recorded. */
interface Recorded {
  readonly to: string;
  readonly path: string;
  readonly payload: Uint8Array;
  readonly contentFormat: number | undefined;
  readonly oscore: Uint8Array | undefined;
}

export class SleeperScene {
  /** What each server has said. */
  readonly events = new Map<string, PartyEvent[]>();
  readonly #passed: Passage[] = [];
  readonly #folder = mkdtempSync(join(tmpdir(), "symbolon-sleeper-"));
  readonly #network = new Network({
    drop: 0,
    observers: [(passage) => this.#passed.push({ ...passage, datagram: passage.datagram.slice() })],
    onError: (error) => {
      throw error;
    },
  });
  readonly #relays = new Map<string, Relay>();
  readonly #servers = new Map<string, PartyProcess>();
  /** Where they listen now; the relays lead there. */
  readonly #ports = new Map<string, number>();
  #folders: Folders | undefined;

  constructor(private readonly hasGateway: boolean) {}

  async open(): Promise<void> {
    const servers = [...PARTIES, HOSPITAL, ...(this.hasGateway ? [GATEWAY] : [])];
    for (const client of [SENSOR, ...servers]) {
      for (const server of servers) {
        if (client !== server) {
          this.#relays.set(`${client} ${server}`, await this.#network.open(client, server, 0));
        }
      }
    }
    this.#folders = await prepareFolders({
      ...{ folder: this.#folder, sensors: [SENSOR], thirdParties: PARTIES, responder: HOSPITAL },
      ...{ threshold: 2, privacy: 1, suite: "aes-ccm-128-8", deadline: DEADLINE, bits: 2048, channel: true },
      ...(this.hasGateway && { gateway: GATEWAY }),
      now: Date.now() - AGE,
      address: (client, server) => (this.#relays.get(`${client} ${server}`) as Relay).address,
      signal: AbortSignal.timeout(START),
    });
    await Promise.all(servers.map((name) => this.start(name)));
  }

  async close(): Promise<void> {
    await Promise.all([...this.#servers.values()].map((server) => server.stop()));
    this.#network.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  get hospitalFolder(): string {
    return this.#folders?.responder as string;
  }

  get gatewayAddress(): string {
    return (this.#relays.get(`${HOSPITAL} ${GATEWAY}`) as Relay).address;
  }

  said(name: string, kind: string): PartyEvent[] {
    return (this.events.get(name) ?? []).filter(({ event }) => event === kind);
  }

  /** Starts a server again; with a clock that is `behind` by so many milliseconds. */
  async start(name: string, behind = 0): Promise<void> {
    const script = behind === 0 ? main : join(this.#folder, "behind.mjs");
    if (behind > 0) {
      const clock = `const now = Date.now;\nDate.now = () => now() - ${behind};\n`;
      writeFileSync(script, `${clock}await import(${JSON.stringify(main)});\n`);
    }
    const command = PARTIES.includes(name) ? "third-party" : name === HOSPITAL ? "responder" : "gateway";
    const more = name === HOSPITAL && this.hasGateway ? ["--gateway", this.gatewayAddress] : [];
    const server = new PartyProcess({
      ...{ name, script },
      args: [
        command,
        "--dir",
        this.#dirOf(name),
        "--listen",
        "127.0.0.1:0",
        "--deadline",
        `${DEADLINE}`,
        ...more,
      ],
      onEvent: (event) => this.events.set(name, [...(this.events.get(name) ?? []), event]),
    });
    this.#servers.set(name, server);
    const { port } = await server.waitFor("listening", ({ event }) => event === "listening", START);
    this.#ports.set(name, port as number);
    for (const [path, relay] of this.#relays) {
      if (path.endsWith(` ${name}`)) relay.connect({ address: "127.0.0.1", port: port as number });
    }
  }

  async stop(name: string): Promise<void> {
    await this.#servers.get(name)?.stop();
  }

  async kill(name: string): Promise<void> {
    const server = this.#servers.get(name) as PartyProcess;
    process.kill(server.pid as number, "SIGKILL");
    await server.ended;
  }

  /** Wakes the sensor so often; what it says. */
  async wake(times = 1): Promise<PartyEvent[]> {
    const events: PartyEvent[] = [];
    const dir = this.#folders?.sensors.get(SENSOR) as string;
    const board = new PartyProcess({
      name: "board",
      script: programFile("boards/linux/launch.js"),
      args: [
        ...["--dir", dir, "--wake", "10", "--times", `${times}`],
        ...(this.hasGateway ? ["--gateway"] : []),
      ],
      onEvent: (event) => events.push(event),
    });
    await board.ended;
    return events;
  }

  /** Runs the tool beside the servers; `started` hears its first line. */
  async tool(
    args: readonly string[],
    started: () => void = () => undefined,
  ): Promise<{ readonly code: number | null; readonly out: string; readonly err: string }> {
    const child = spawn(process.execPath, [main, ...args], { stdio: ["ignore", "pipe", "pipe"] });
    const timer = setTimeout(() => child.kill("SIGKILL"), 2 * START);
    let [out, err] = ["", ""];
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      out += text;
    });
    child.stdout.once("data", started);
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      err += text;
    });
    const [code] = (await once(child, "close")) as [number | null];
    clearTimeout(timer);
    return { code, out, err };
  }

  /** Plays again what was recorded until now: first what the sensor has sent, then what came to the Responder. */
  async replay(): Promise<number> {
    const recorded = this.#recorded();
    const fromSensor = recorded.filter(({ to }) => to !== HOSPITAL);
    const toHospital = recorded.filter(({ to }) => to === HOSPITAL);
    const post = ({ to, path, payload, contentFormat, oscore }: Recorded) =>
      coapRequest({
        ...{ address: `127.0.0.1:${this.#ports.get(to)}`, path, payload },
        ...(contentFormat !== undefined && { contentFormat }),
        ...(oscore !== undefined && {
          options: [{ number: OptionNumbers.oscore, value: oscore }],
          understood: [OptionNumbers.oscore],
        }),
      });
    for (const each of fromSensor) await post(each);
    // A share waits for the others.
    await Promise.all(toHospital.map(post));
    return fromSensor.length + toHospital.length;
  }

  /** Whole requests of the sensor, and all to the Responder, each once; blocks are put together. */
  #recorded(): Recorded[] {
    const whole = new Map<string, Recorded>();
    const parts = new Map<string, Uint8Array[]>();
    for (const { from, to, towardsServer, datagram } of this.#passed) {
      const message = towardsServer ? decodeMessage(datagram) : undefined;
      if (message?.code !== Codes.POST || (from !== SENSOR && to !== HOSPITAL)) continue;
      const { options } = message;
      const segments = options.filter(({ number }) => number === OptionNumbers.uriPath);
      const path = segments.map(({ value }) => Buffer.from(value).toString()).join("/");
      const block = findOption(options, OptionNumbers.block1);
      const { num, more } = block === undefined ? { num: 0, more: false } : decodeBlock(block);
      const key = `${from} ${to} ${path}`;
      const before = num === 0 ? [] : (parts.get(key) ?? []);
      // A block that comes again is in already.
      if (num <= before.length) parts.set(key, [...before.slice(0, num), message.payload]);
      if (more) continue;
      const payload = concat(...(parts.get(key) ?? []));
      const format = findOption(options, OptionNumbers.contentFormat);
      whole.set(`${to} ${path} ${Buffer.from(payload).toString("hex")}`, {
        ...{ to, path, payload },
        contentFormat: format && decodeUint(format),
        oscore: findOption(options, OptionNumbers.oscore),
      });
    }
    return [...whole.values()];
  }

  #dirOf(name: string): string {
    const dir = name === HOSPITAL ? this.#folders?.responder : this.#folders?.thirdParties.get(name);
    return (name === GATEWAY ? this.#folders?.gateway : dir) as string;
  }
}
