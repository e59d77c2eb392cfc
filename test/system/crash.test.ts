/**
 * Third parties and Responder as processes, killed with SIGKILL at random points of exchanges. Every share counts
 * (2 of 2), and the sensors send nothing again that was acknowledged: an exchange that ends well has lost nothing.
 */

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { CoapError, coapRequest } from "../../host/coap/client.js";
import { makeEnrolment, writeMadeEnrolment } from "../../host/enrolment/enrol.js";
import { addResponder, writeParty } from "../../host/enrolment/folders.js";
import { primitives } from "../../host/primitives.js";
import { Network, type Passage, type Relay } from "../../host/simulation/network.js";
import { type PartyEvent, PartyProcess, programFile } from "../../host/simulation/process.js";
import { openLmdbStore } from "../../host/store/lmdb.js";
import { decodeKeys, WINDOW } from "../../host/third-party/keys.js";
import { FileVault } from "../../host/third-party/vault.js";
import { ascii, concat, fromHex } from "../../protocol/bytes.js";
import { blockSize, decodeBlock } from "../../protocol/coap/block.js";
import { decodeMessage } from "../../protocol/coap/message.js";
import { Codes, ContentFormats, OptionNumbers } from "../../protocol/coap/numbers.js";
import { findOption } from "../../protocol/coap/options.js";
import { fingerprint } from "../../protocol/exchange/fingerprint.js";
import { FinishedInitiator, type WaitingInitiator } from "../../protocol/exchange/initiator.js";
import type { Policy } from "../../protocol/exchange/policy.js";
import { consumeShareVerification } from "../../protocol/exchange/share-verification.js";
import { identityFromText } from "../../protocol/mikey/identity.js";
import { ownHost } from "../host/own-host.js";
import { forward } from "../host/responder/forwarding.js";
import { begin, pskAt, type World, world } from "../host/third-party/world.js";
import { AckingSensor } from "./crash-sensor.js";

const KILLS = 50;
const SENSORS = ["sensor01", "sensor02", "sensor03"];
const PARTIES = ["party-01", "party-02"];
const HOSPITAL = "hospital";
/** Seconds of an exchange: a restart and one more question fit in. */
const DEADLINE = 12;
/** Milliseconds in which a sensor has sent its shares; the last answers come a little later. */
const EXCHANGE = 60;
const START = 30_000;

/** A process that is started again under the same port. */
class Server {
  readonly events: { readonly life: number; readonly event: PartyEvent }[] = [];
  life = 0;
  port = 0;
  readonly host = ownHost();
  #process: PartyProcess | undefined;

  constructor(
    readonly name: string,
    private readonly command: string,
    readonly folder: string,
  ) {}

  get address(): string {
    return `${this.host}:${this.port}`;
  }

  async start(): Promise<void> {
    const life = ++this.life;
    this.#process = new PartyProcess({
      name: this.name,
      script: programFile("host/cli/main.js"),
      args: [this.command, "--dir", this.folder, "--listen", this.address, "--deadline", `${DEADLINE}`],
      onEvent: (event) => this.events.push({ life, event }),
    });
    const { port } = await this.#process.waitFor("listening", ({ event }) => event === "listening", START);
    this.port = port as number;
  }

  async kill(): Promise<void> {
    process.kill(this.#process?.pid as number, "SIGKILL");
    await this.#process?.ended;
  }

  async stop(): Promise<void> {
    await this.#process?.stop();
  }

  /** Posts to the party; while it is being started anew its port is closed, and the question is asked again. */
  async post(payload: Uint8Array): Promise<{ code: number; payload: Uint8Array }> {
    const { address } = this;
    const contentFormat = ContentFormats.mikey;
    const timeout = DEADLINE * 1000;
    const end = Date.now() + timeout;
    for (;;) {
      try {
        return await coapRequest({ address, path: "mikey", payload, contentFormat, timeout });
      } catch (error) {
        const closed = error instanceof CoapError && error.reason === "refused";
        if (!closed || Date.now() > end) throw error;
        await sleep(100);
      }
    }
  }
}

/** A message that was accepted once, by its receiver, and the answer that it got. */
interface Accepted {
  readonly sensor: string;
  readonly t: number;
  readonly bytes: Uint8Array;
  answer: Uint8Array;
}

/** The bodies of TP_R, out of their blocks. */
class Recorder {
  readonly bodies: Uint8Array[] = [];
  readonly #partial = new Map<string, Uint8Array>();

  readonly observe = ({ from, clientPort, towardsServer, datagram }: Passage): void => {
    const message = towardsServer ? decodeMessage(Uint8Array.from(datagram)) : undefined;
    const value = message && findOption(message.options, OptionNumbers.block1);
    if (message === undefined || value === undefined) return;
    const { num, more, szx } = decodeBlock(value);
    const key = `${from} ${clientPort}`;
    const before = num === 0 ? new Uint8Array(0) : this.#partial.get(key);
    if (before === undefined || before.length !== num * blockSize(szx)) return;
    const body = concat(before, message.payload);
    this.#partial.set(key, body);
    if (!more) this.bodies.push(body);
  };
}

const random = (below: number) => Math.floor(Math.random() * below);

describe("system: third parties and Responder under SIGKILL", function () {
  this.timeout(300_000);

  let w: World;
  let folder: string;
  let network: Network;
  let hospital: Server;
  let parties: Server[];
  let relays: Relay[];
  const recorder = new Recorder();
  const worlds = new Map<string, World>();
  /** By receiver. */
  const shares = new Map<string, Accepted[]>(PARTIES.map((name) => [name, []]));
  const forwards: Accepted[] = [];
  const sensors = new Map<string, AckingSensor>();

  before(async () => {
    w = await world();
    folder = mkdtempSync(join(tmpdir(), "symbolon-crash-"));
    network = new Network({
      drop: 0,
      observers: [recorder.observe],
      onError: (error) => {
        throw error;
      },
    });
    hospital = server(HOSPITAL, "responder", w.hospital);
    parties = PARTIES.map((name, i) => server(name, "third-party", w.parties[i]));
    relays = await Promise.all(PARTIES.map((name) => network.open(name, HOSPITAL, 0)));
    parties.forEach((party, i) => {
      addResponder(party.folder, { ...w.hospital, address: relays[i].address });
    });
    for (const name of SENSORS) await enrol(name);
    await Promise.all([hospital, ...parties].map((each) => each.start()));
    for (const relay of relays) relay.connect({ address: hospital.host, port: hospital.port });
    for (const name of SENSORS) sensors.set(name, await AckingSensor.open());
  });

  after(async () => {
    for (const sensor of sensors.values()) sensor.close();
    await Promise.all([hospital, ...parties].map((each) => each.stop()));
    network.close();
    rmSync(folder, { recursive: true, force: true });
  });

  function server(name: string, command: string, { privateKey, certificate }: World["hospital"]): Server {
    const own = join(folder, name);
    mkdirSync(own);
    writeParty(own, { privateKey, chain: [certificate], root: w.authority });
    return new Server(name, command, own);
  }

  async function enrol(name: string): Promise<void> {
    const policy: Policy = {
      ...w.policy,
      sensor: identityFromText(name),
      thirdParties: w.policy.thirdParties.slice(0, PARTIES.length),
    };
    const made = await makeEnrolment(w.authority, {
      policy,
      responder: w.hospital.identity,
      addresses: PARTIES.map(() => "127.0.0.1:1"),
      ...{ deadline: DEADLINE, days: 1, now: Date.now() },
    });
    const folders = parties.map((party) => party.folder);
    writeMadeEnrolment(made, policy, join(folder, `${name}.json`), folders);
    const statement = ascii(made.thirdParties[0].statement);
    worlds.set(name, { ...w, policy, statement, psks: made.sensor.psks.map(fromHex) });
  }

  function told(party: Server, name: string, sensor: string) {
    return party.events.filter(({ event }) => event.name === name && event.sensor === sensor);
  }

  /** One exchange: each share is sent until it is acknowledged; then the sensor waits, and sends nothing. */
  async function exchange(name: string, t: number): Promise<void> {
    const begun = begin(worlds.get(name) as World, t);
    const before = parties.map((party) => told(party, "TP_I", name).length);
    const sensor = sensors.get(name) as AckingSensor;
    const deliveries = await Promise.all(
      parties.map(async (party, i) => {
        // Apart, so that the Responder also dies with one share and without the other.
        await sleep(random(EXCHANGE));
        return sensor.deliver(party.address, begun.messages[i]);
      }),
    );
    await Promise.all(deliveries.map(({ acknowledged }) => acknowledged));
    const isOver = () =>
      deliveries.every(({ answer }, i) => answer || told(parties[i], "TP_I", name).length > before[i]);
    const end = performance.now() + DEADLINE * 1000;
    while (!isOver() && performance.now() < end) await sleep(10);
    await finish(name, t, begun);
  }

  /** Asks for the answers again, with the same bytes: no share was lost if both third parties have R_I. */
  async function finish(name: string, t: number, begun: WaitingInitiator): Promise<void> {
    const own = worlds.get(name) as World;
    const { policy } = own;
    const confirmations: (Uint8Array | undefined)[] = [];
    let finished: unknown;
    for (const [i, party] of parties.entries()) {
      const bytes = begun.messages[i];
      const { code, payload: answer } = await party.post(bytes);
      assert.equal(code, Codes.changed, `${name} T ${t} at ${party.name}`);
      shares.get(party.name)?.push({ sensor: name, t, bytes, answer });
      const { session } = begun;
      const psk = pskAt(own, i + 1, t);
      confirmations.push(consumeShareVerification(primitives, answer, session, policy.thirdParties[i], psk));
      finished ??= begun.consumeVerification(i + 1, answer);
      const accepted = told(party, "TP_R", name).length;
      assert.ok(accepted <= t, `${party.name} took ${accepted} shares of ${name} for ${t} T`);
    }
    assert.ok(confirmations[0], `${name} T ${t}: the share of ${PARTIES[0]} was lost`);
    assert.deepEqual(
      confirmations[1],
      confirmations[0],
      `${name} T ${t}: the share of ${PARTIES[1]} was lost`,
    );
    assert.ok(finished instanceof FinishedInitiator);
    const agreed = hospital.events.filter(
      ({ event }) => event.event === "agreed" && event.sensor === name && event.t === t,
    );
    assert.ok(agreed.length <= 1, `${name} agreed ${agreed.length} times on T ${t}`);
    for (const { event } of agreed) assert.equal(event.tek, fingerprint(primitives, finished.keys));
  }

  /** Every TP_R on the path since last time, with the answer that a duplicate gets. */
  async function recordForwards(t: number): Promise<void> {
    const known = new Set(forwards.map(({ bytes }) => String(bytes)));
    for (const bytes of recorder.bodies.splice(0)) {
      if (known.has(String(bytes))) continue;
      known.add(String(bytes));
      const { code, payload: answer } = await hospital.post(bytes);
      assert.equal(code, Codes.changed);
      forwards.push({ sensor: "", t, bytes, answer });
    }
  }

  /** The latest, and some that are older. */
  function sample(all: readonly Accepted[]): Accepted[] {
    const older = Array.from({ length: 4 }, () => all[random(all.length)]);
    return all.length === 0 ? [] : [...all.slice(-SENSORS.length * PARTIES.length), ...older];
  }

  const lastBitFlipped = (bytes: Uint8Array) => {
    const altered = bytes.slice();
    altered[altered.length - 1] ^= 1;
    return altered;
  };

  /** A third party says no more than that it knows no such message. */
  async function refused(at: Server, bytes: Uint8Array, what: string): Promise<void> {
    const { code } = await at.post(bytes);
    const expected = at === hospital ? Codes.forbidden : Codes.unauthorized;
    assert.equal(code, expected, `${at.name} took ${what}`);
  }

  /** I_TP again, to a third party; `last` is the T that it must know, and it may know the next. */
  async function replayShares(party: Server, all: readonly Accepted[], last: number): Promise<void> {
    for (const { sensor, t, bytes, answer } of all) {
      if (t < last - WINDOW) await refused(party, bytes, `T ${t} of ${sensor}, below the window`);
      else if (t > last - WINDOW)
        assert.deepEqual((await party.post(bytes)).payload, answer, `${party.name}: T ${t} of ${sensor}`);
      await refused(party, lastBitFlipped(bytes), `an altered T ${t} of ${sensor}`);
      const again = begin(worlds.get(sensor) as World, t).messages[parties.indexOf(party)];
      await refused(party, again, `another message with T ${t} of ${sensor}`);
    }
  }

  /** TP_R again, to the Responder; then good ones, signed today, with a T that has had its key. */
  async function replayForwards(all: readonly Accepted[], last: number): Promise<void> {
    for (const { t, bytes, answer } of all) {
      assert.deepEqual((await hospital.post(bytes)).payload, answer, `${HOSPITAL}: TP_R of T ${t}`);
      await refused(hospital, lastBitFlipped(bytes), `an altered TP_R of T ${t}`);
    }
    for (const sensor of SENSORS) {
      const own = worlds.get(sensor) as World;
      for (const t of [last, 1 + random(last)]) {
        await refused(
          hospital,
          forward(own, begin(own, t), 1 + random(2)).bytes,
          `T ${t} of ${sensor} again`,
        );
      }
    }
  }

  it(`accepts no replay and loses no acknowledged share, ${KILLS} times`, async () => {
    const killed = new Map<string, number>();
    for (let t = 1; t <= KILLS; t++) {
      const victim = [hospital, ...parties][random(3)];
      killed.set(victim.name, (killed.get(victim.name) ?? 0) + 1);
      const exchanges = SENSORS.map((name) => exchange(name, t));
      const crash = async () => {
        await sleep(random(1.5 * EXCHANGE));
        await victim.kill();
        await victim.start();
        if (victim === hospital) {
          if (t > 1) await replayForwards(sample(forwards), t - 1);
        } else {
          await replayShares(victim, sample(shares.get(victim.name) ?? []), t - 1);
        }
      };
      await Promise.all([...exchanges, crash()]);
      await recordForwards(t);
    }
    assert.equal(forwards.length, KILLS * SENSORS.length * PARTIES.length);
    assert.equal(
      [...killed.values()].reduce((sum, n) => sum + n, 0),
      KILLS,
    );
  });

  it("remembers everything after one more kill of all", async () => {
    for (const each of [hospital, ...parties]) {
      await each.kill();
      await each.start();
    }
    for (const party of parties) await replayShares(party, shares.get(party.name) ?? [], KILLS);
    await replayForwards(forwards, KILLS);
    for (const { name, events } of [hospital, ...parties]) {
      assert.deepEqual(
        events.filter(({ event }) => event.event === "fault"),
        [],
        name,
      );
    }
  });

  it("keeps the highest T of each sensor, and no session", async () => {
    await Promise.all([hospital, ...parties].map((each) => each.stop()));
    const store = await openLmdbStore(join(hospital.folder, "state"));
    for (const sensor of SENSORS) {
      assert.equal(store.table<{ t: number }>("confirmed").get(sensor)?.t, KILLS);
    }
    assert.deepEqual(store.table("open").entries(), []);
    await store.close();
    for (const { folder: own } of parties) {
      const state = join(own, "state");
      const store = await openLmdbStore(state);
      const vault = new FileVault(join(state, "vault"));
      for (const sensor of SENSORS) {
        const kept = store.table<{ place: number; sealed: Uint8Array }>("keys").get(sensor);
        assert.ok(kept);
        const key = vault.get(kept.place);
        const bytes = primitives.ccmOpen(key, new Uint8Array(13), ascii(sensor), kept.sealed, 16);
        const { next, skipped, open } = decodeKeys(bytes as Uint8Array);
        assert.deepEqual([next, skipped.size, open.size], [KILLS + 1, 0, 0], sensor);
      }
      vault.close();
      await store.close();
    }
  });
});
