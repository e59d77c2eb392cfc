import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ChannelRecord } from "../../../host/channel/records.js";
import { stateFolder } from "../../../host/own-folder.js";
import { primitives, randomSource } from "../../../host/primitives.js";
import { processMemory } from "../../../host/simulation/process-memory.js";
import { ReadingTally } from "../../../host/simulation/readings.js";
import { Trial } from "../../../host/simulation/trial.js";
import { openLmdbStore } from "../../../host/store/lmdb.js";
import { toHex } from "../../../protocol/bytes.js";
import { encodeMessage, type Message } from "../../../protocol/coap/message.js";
import { Codes, OptionNumbers, Types } from "../../../protocol/coap/numbers.js";
import { nextPsk } from "../../../protocol/exchange/chain.js";
import { confirmedContext, confirmedSecrets } from "../../../protocol/exchange/channel.js";
import { protectRequest } from "../../../protocol/oscore/protect.js";
import { NEW_WINDOW } from "../../../protocol/oscore/replay-window.js";

const sensor = "sensor01";
const t = 7;
const psk = randomSource(16);
const channel: ChannelRecord = {
  ...{ sensor, t, idContext: randomSource(8), tek: randomSource(16), salt: randomSource(8) },
  ...{ nonce: randomSource(8), senderId: randomSource(4), window: NEW_WINDOW, sequence: 0, inUse: true },
};
const secrets = confirmedSecrets(primitives, channel, channel);
const context = confirmedContext(primitives, "sensor", secrets);
const same = { initiatorTek: "aa", responderTek: "aa", confirmed: true };
const records = (value: number) => [{ n: "temperature", u: "Cel", v: value }];

/** A reading as it passed the gateway. */
function request(number: number, echo?: Uint8Array): Message {
  const options = echo === undefined ? [] : [{ number: OptionNumbers.echo, value: echo }];
  const plain = { code: Codes.POST, options, payload: Buffer.from("a reading") };
  const { message } = protectRequest(primitives, context, number, plain);
  return { type: Types.CON, messageId: number, token: new Uint8Array(0), ...message };
}

describe("the trial of a hostile gateway", () => {
  let folder: string;
  let folders: { sensors: Map<string, string>; gateway: string; responder: string };
  let gateway: { passed: Uint8Array[]; meddled: number; late: Message[] };
  let readings: ReadingTally;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "symbolon-trial-"));
    const at = (name: string) => {
      mkdirSync(join(folder, name));
      return join(folder, name);
    };
    folders = {
      sensors: new Map([[sensor, at("sensor")]]),
      gateway: at("gateway"),
      responder: at("responder"),
    };
    writeFileSync(join(folder, "sensor", "sensor.json"), JSON.stringify({ psks: [toHex(psk)] }));
    const store = await openLmdbStore(stateFolder(folders.responder));
    const channels = store.table<ChannelRecord>("channels");
    store.transaction(() => channels.put(toHex(channel.senderId), channel));
    await store.close();
    gateway = { passed: [randomSource(100)], meddled: 3, late: [] };
    readings = new ReadingTally();
    for (const number of [0, 1]) hear(number, {});
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** A reading at both ends, with changes at the Responder's. */
  function hear(number: number, changes: object): void {
    readings.sent({ event: "reading", t, number, records: records(number) });
    arrive(number, changes);
  }
  function arrive(number: number, changes: object): void {
    const told = { t, number, records: records(number), confirmed: true, age: "unknown", ...changes };
    readings.received({ event: "reading", ...told });
  }
  interface Given {
    readonly ends?: Parameters<Trial["exchanged"]>[2];
    readonly log?: string;
    /** Of the gateway process; what is planted is in it besides, unless nothing is. */
    readonly memory?: Iterable<Uint8Array>;
    readonly plants?: (payload: Uint8Array) => void;
  }

  async function verdict({ ends = same, log, memory = [], plants }: Given = {}) {
    const trial = new Trial(gateway);
    trial.enrolled(folders);
    if (log !== undefined) trial.hearGateway({ event: "fault", reason: log });
    trial.exchanged(0, { sensor, readings }, ends);
    await trial.learn(folders);
    if (plants !== undefined) plants(trial.plant()?.payload ?? new Uint8Array(0));
    trial.searchMemory(memory);
    const [only, ...others] = trial.conclude(folders);
    assert.deepEqual(others, []);
    return only;
  }

  it("finds nothing where all is well", async () => {
    gateway.late = [request(1)];
    const { breaches, meddled, late, searched } = await verdict();
    assert.deepEqual([breaches, meddled, late], [[], 3, 0]);
    assert.deepEqual(searched, { memory: 0, traffic: 100, log: 0, store: 0 });
    const ends = { initiatorTek: "aa", responderTek: null, confirmed: false };
    assert.deepEqual((await verdict({ ends })).breaches, []);
  });

  it("reports keys that differ, or that only the sensor has", async () => {
    const other = await verdict({ ends: { ...same, responderTek: "bb" } });
    assert.deepEqual(other.breaches, ["the ends have different keys"]);
    const alone = await verdict({ ends: { ...same, responderTek: null } });
    assert.deepEqual(alone.breaches, ["the sensor has a key that the Responder has not"]);
  });

  it("reports a reading that came twice", async () => {
    arrive(1, {});
    assert.deepEqual((await verdict()).breaches, ["1 readings came twice"]);
  });

  it("reports a reading that came altered, or that was never sent", async () => {
    arrive(1, { records: records(99) });
    arrive(2, {});
    assert.deepEqual((await verdict()).breaches, ["2 readings came altered"]);
  });

  it("reports a reading that was held past its wake-up and called fresh", async () => {
    gateway.late = [request(2, randomSource(12))];
    hear(2, { age: "unknown" });
    // Fresh, and never held.
    hear(3, { age: "fresh" });
    const fine = await verdict();
    assert.deepEqual([fine.late, fine.breaches], [1, []]);
    arrive(2, { age: "fresh" });
    const { late, breaches } = await verdict();
    assert.equal(late, 1);
    assert.ok(breaches.includes("reading 7/2 was held past its wake-up and called fresh"), `${breaches}`);
  });

  const { senderKey, recipientKey } = context;
  const forbidden: Readonly<Record<string, Uint8Array>> = {
    "PSK 1 of sensor01": psk,
    "next PSK 1 of sensor01": nextPsk(primitives, psk),
    "the TEK of sensor01": channel.tek,
    "the salt of sensor01": channel.salt,
    "the channel's master secret of sensor01": secrets.masterSecret,
    "a channel key of sensor01": senderKey,
    'a reading\'s "temperature"': Buffer.from("temperature"),
  };
  for (const [name, bytes] of Object.entries(forbidden)) {
    it(`reports ${name} in what passed the gateway, in its log, its store and its memory`, async () => {
      const had = (place: string) => [`the gateway had ${name} in its ${place}`];
      gateway.passed.push(Buffer.concat([randomSource(7), bytes, randomSource(3)]));
      assert.deepEqual((await verdict()).breaches, had("traffic"));
      gateway.passed.pop();
      assert.deepEqual((await verdict({ log: toHex(bytes) })).breaches, had("log"));
      const memory = [randomSource(50), Buffer.concat([randomSource(4), bytes])];
      assert.deepEqual((await verdict({ memory })).breaches, had("memory"));
      writeFileSync(join(folders.gateway, "data.mdb"), Buffer.from(bytes).toString("base64"));
      assert.deepEqual((await verdict()).breaches, had("store"));
    });
  }

  it("reports the other key of the channel as well", async () => {
    gateway.passed.push(recipientKey);
    assert.deepEqual((await verdict()).breaches, [
      "the gateway had a channel key of sensor01 in its traffic",
    ]);
  });

  const location = ["m", "AbCdEfGh"].map((segment) => ({
    number: OptionNumbers.locationPath,
    value: Buffer.from(segment),
  }));
  const taken = encodeMessage({
    ...{ type: Types.ACK, code: Codes.created, messageId: 1, token: new Uint8Array(0) },
    ...{ options: location, payload: new Uint8Array(0) },
  });

  it("is not blind: it says where it does not find what it has planted", async () => {
    const nowhere = ["memory", "traffic", "store"].map(
      (place) => `the search did not find in the gateway's ${place} what was planted there`,
    );
    gateway.passed.push(taken);
    assert.deepEqual((await verdict({ plants: () => undefined })).breaches, nowhere);
    const memory: Uint8Array[] = [];
    const plants = (payload: Uint8Array) => {
      memory.push(payload);
      gateway.passed.push(payload);
      writeFileSync(join(folders.gateway, "data.mdb"), payload);
    };
    assert.deepEqual((await verdict({ plants, memory })).breaches, []);
    gateway.passed.length = 0;
    const { breaches } = await verdict({ plants: () => undefined });
    assert.deepEqual(breaches, ["the gateway took no bundle, so that nothing could be planted"]);
  });

  it("says that it could not search the memory", async () => {
    const memory = processMemory(2 ** 30);
    const { unsearched, searched, breaches } = await verdict({ memory });
    assert.match(unsearched as string, /^the memory of process 1073741824 can't be read \(ENOENT\)$/);
    assert.deepEqual([searched.memory, breaches], [undefined, []]);
  });
});
