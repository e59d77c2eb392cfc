/** Readings from the sensor to the application: simulated as a user does, and with either end killed at random. */

import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { buildEngine, EngineUnavailableError } from "../../boards/linux/build.js";
import { type Folders, prepareFolders } from "../../host/simulation/folders.js";
import { Network, type Passage, type Relay } from "../../host/simulation/network.js";
import { type PartyEvent, PartyProcess, programFile } from "../../host/simulation/process.js";
import type { RunResult } from "../../host/simulation/result.js";
import { toHex } from "../../protocol/bytes.js";
import { decodeMessage } from "../../protocol/coap/message.js";
import { isProtected, readRequestHeader } from "../../protocol/oscore/protect.js";

const main = programFile("host/cli/main.js");
const SENSOR = "sensor01";
const PARTIES = ["party-01", "party-02"];
const HOSPITAL = "hospital";
const START = 30_000;
const DEADLINE = 10;

function simulate(line: string, timeout: number): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve, reject) => {
    const options = { timeout, maxBuffer: 16 * 1024 * 1024 };
    execFile(process.execPath, [main, "simulate", ...line.split(" ")], options, (error, stdout, stderr) => {
      const code = error === null ? 0 : error.code;
      if (typeof code === "number") resolve({ code, stdout, stderr });
      else reject(new Error(`simulate ${line}: ${error?.message}\n${stderr}`));
    });
  });
}

/** The engine and what comes before the module; Node where XS can't be had. */
async function findEngine(): Promise<string[]> {
  try {
    return [(await buildEngine()).path];
  } catch (error) {
    if (!(error instanceof EngineUnavailableError)) throw error;
    return [process.execPath, programFile("boards/linux/node.js")];
  }
}

/** A sensor, two third parties and the Responder, with relays between them that hear everything. */
class Scene {
  readonly readings: PartyEvent[] = [];
  readonly lastWords: string[] = [];
  /** Of the sensor towards the Responder. */
  readonly passed: Passage[] = [];
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

  async startHospital(): Promise<void> {
    this.#port = await this.#serve(HOSPITAL, "responder", this.#port);
  }

  async killHospital(): Promise<void> {
    const hospital = this.#servers.get(HOSPITAL) as PartyProcess;
    process.kill(hospital.pid as number, "SIGKILL");
    await hospital.ended;
  }

  /** Starts the firmware; resolves to its events when it has ended, or was killed so many ms after its first word. */
  async sensor(args: readonly string[], life: number): Promise<PartyEvent[]> {
    const [command, ...first] = this.#engine;
    const program = programFile("boards/linux/readings.js");
    const dir = this.#folders?.sensors.get(SENSOR) as string;
    const child = spawn(command, [...first, program, "--dir", dir, ...args], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let text = "";
    child.stdout.setEncoding("utf8").on("data", (part: string) => {
      text += part;
    });
    let timer = setTimeout(() => child.kill("SIGKILL"), START + life);
    child.stdout.once("data", () => {
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
        ...[command, "--dir", dir as string, "--listen", `127.0.0.1:${port}`, "--deadline", `${DEADLINE}`],
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
    const at = { address: "127.0.0.1", port: listening.port as number };
    for (const [path, relay] of this.#relays) if (path.endsWith(` ${name}`)) relay.connect(at);
    return at.port;
  }

  #observe(passage: Passage): void {
    const { from, to, datagram } = passage;
    if (from === SENSOR && to === HOSPITAL)
      this.passed.push({ ...passage, datagram: Uint8Array.from(datagram) });
  }
}

const nameOf = ({ t, number }: PartyEvent) => `${t}/${number}`;
const random = (below: number) => Math.floor(Math.random() * below);

describe("system: readings", function () {
  this.timeout(400_000);

  it("come once and unaltered: simulate --readings 10", async () => {
    const { code, stdout, stderr } = await simulate("--readings 10 --json", 60_000);
    assert.equal(code, 0, stderr);
    const { readings, agreed } = JSON.parse(stdout) as RunResult;
    assert.equal(agreed, true);
    const { unconfirmed, ...others } = readings ?? {};
    assert.deepEqual(others, { sent: 10, received: 10, duplicated: 0, lost: 0 });
    assert.ok(unconfirmed === 0 || unconfirmed === 1, `${unconfirmed}`);
  });

  it("come once over a bad network: --drop 0.2", async () => {
    const { code, stdout, stderr } = await simulate("--readings 10 --drop 0.2 --seed 3 --json", 390_000);
    assert.equal(code, 0, stderr);
    const { sent, received, duplicated, lost } = (JSON.parse(stdout) as RunResult).readings ?? {};
    assert.deepEqual([sent, received, duplicated, lost], [10, 10, 0, 0]);
  });

  it("are a line of the table, and nothing where they are not asked for", async () => {
    const shown = await simulate("--readings 2", 60_000);
    assert.match(shown.stdout, /\n {2}readings {2,}2 sent, 2 received, 0 twice, 0 lost, [01] unconfirmed\n/);
    const plain = await simulate("--json", 60_000);
    assert.equal("readings" in (JSON.parse(plain.stdout) as object), false);
  });

  it("never use a number twice under one key, whenever the sensor is killed", async () => {
    const scene = new Scene();
    try {
      await scene.open();
      await scene.sensor(["--readings", "3"], START);
      const lives = 40;
      const resumed: unknown[] = [];
      for (let i = 0; i < lives; i++) {
        // Every fifth life begins an exchange, so that its end and the change of keys are hit too.
        const anew = i % 5 === 4;
        const args = ["--readings", "100000", ...(anew ? [] : ["--resume"])];
        const events = await scene.sensor(args, random(anew ? 500 : 150));
        resumed.push(...events.filter(({ event }) => event === "resumed").map(({ t }) => t));
      }
      assert.ok(resumed.length > lives / 2, `${resumed.length} lives took up their keys`);
      assert.ok(new Set(resumed).size > 1, "there were several keys");
      const seen = new Map<string, string>();
      const perKey = new Map<string, number[]>();
      for (const { datagram } of scene.passed) {
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
      assert.ok(seen.size > 2 * lives, `${seen.size} messages`);
      assert.equal(new Set(scene.readings.map(nameOf)).size, scene.readings.length, "a reading came twice");
      console.log(
        `      ${seen.size} messages under ${perKey.size} keys, ${resumed.length} of ${lives} lives resumed`,
      );
    } finally {
      await scene.close();
    }
  });

  it("lose and repeat nothing, whenever the Responder is killed", async () => {
    const scene = new Scene();
    try {
      await scene.open();
      const [kills, count] = [8, 2000];
      let over = false;
      const run = scene.sensor(["--readings", `${count}`], 300_000).finally(() => {
        over = true;
      });
      let killed = 0;
      while (scene.readings.length === 0 && !over) await sleep(5);
      while (killed < kills && !over) {
        await sleep(random(100));
        await scene.killHospital();
        killed++;
        await scene.startHospital();
        // Until it is heard again: the sensor repeats itself after seconds.
        const before = scene.readings.length;
        while (scene.readings.length === before && !over) await sleep(5);
      }
      const events = await run;
      const sent = events.filter(({ event }) => event === "reading");
      assert.equal(sent.length, count);
      const last = events[events.length - 1];
      assert.deepEqual([last.event, last.sent, last.acknowledged], ["readings", count, count]);
      // A line may be written, and its transaction not be done, when the end comes: then it is repeated, as itself.
      const contents = new Map<string, string>();
      for (const reading of scene.readings) {
        const records = JSON.stringify(reading.records);
        assert.equal(contents.get(nameOf(reading)) ?? records, records);
        contents.set(nameOf(reading), records);
      }
      const repeated = scene.readings.length - contents.size;
      assert.ok(repeated <= killed, `${repeated} lines came again after ${killed} kills`);
      for (const reading of sent)
        assert.equal(contents.get(nameOf(reading)), JSON.stringify(reading.records));
      assert.ok(killed > 2, `${killed} kills`);
      assert.match(
        scene.lastWords.join("\n"),
        /sensor01 1\/\d+: heart-rate \d+ beat\/min, spo2 0\.9\d? \/, temperature \d\d(\.\d)? Cel \(confirmed, fresh\)/,
      );
      console.log(`      ${count} readings, ${killed} kills, ${repeated} lines repeated`);
    } finally {
      await scene.close();
    }
  });
});
