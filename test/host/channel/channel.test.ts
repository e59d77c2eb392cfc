/** The Responder's end of the channel, with a sensor's end made by hand. */

import assert from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";
import { Channel, FRESH_FOR } from "../../../host/channel/channel.js";
import type { Reading } from "../../../host/channel/reading.js";
import type { PartyEvent } from "../../../host/events.js";
import { MemoryStore } from "../../../host/store/memory.js";
import { ascii, concat, fromHex, toHex } from "../../../protocol/bytes.js";
import { Codes, OptionNumbers } from "../../../protocol/coap/numbers.js";
import { encodeUint, findOption, type Option } from "../../../protocol/coap/options.js";
import type { CoapContent } from "../../../protocol/oscore/message.js";
import { post, Sensor } from "./sensor.js";

const echoed = ({ options }: CoapContent): readonly Option[] => [
  ...post,
  { number: OptionNumbers.echo, value: findOption(options, OptionNumbers.echo) as Uint8Array },
];

describe("the Responder's channel", () => {
  let store: MemoryStore;
  let readings: Reading[];
  let events: PartyEvent[];
  let channel: Channel;

  const open = (onReading = (reading: Reading) => void readings.push(reading)) =>
    new Channel({ store, onReading, onEvent: (event) => events.push(event), hold: 1000 });

  beforeEach(() => {
    store = new MemoryStore();
    readings = [];
    events = [];
    channel = open();
  });

  const reading = (number: number, more: Partial<Reading> = {}): Reading => ({
    ...{ sensor: "sensor01", t: 7, number, confirmed: true, age: "unknown" },
    records: [{ n: "a", v: 100 + number }],
    ...more,
  });
  const refusals = () => events.flatMap((event) => (event.event === "refused" ? [event.reason] : []));

  it("delivers a confirmed reading once, and answers its repetition under another nonce", () => {
    const sensor = new Sensor(channel, store, 7);
    sensor.agree();
    const { message } = sensor.request(sensor.confirmed, 0);
    assert.equal(sensor.send(0).code, Codes.changed);
    const again = [1, 2].map(() => channel.receive("other", message));
    const pivs = again.map(({ options }) => toHex(findOption(options, OptionNumbers.oscore) as Uint8Array));
    assert.deepEqual(pivs, ["0101", "0102"]);
    assert.equal(sensor.send(0).code, Codes.changed);
    assert.deepEqual(readings, [reading(0)]);
  });

  it("calls a reading fresh that bears an Echo of this process, and no other", () => {
    const sensor = new Sensor(channel, store, 7);
    sensor.agree();
    const first = sensor.send(0);
    sensor.send(1, { options: echoed(first) });
    sensor.channel.close();
    const restarted = new Sensor(open(), store, 7);
    Object.assign(restarted, {
      session: sensor.session,
      keys: sensor.keys,
      confirmation: sensor.confirmation,
    });
    const second = restarted.send(2, { options: echoed(first) });
    restarted.send(3, { options: echoed(second) });
    assert.deepEqual(
      readings.map(({ number, age }) => [number, age]),
      [
        [0, "unknown"],
        [1, "fresh"],
        [2, "unknown"],
        [3, "fresh"],
      ],
    );
    // The rests between a sensor's four attempts.
    assert.ok(FRESH_FOR < 2_000 + 4_000 + 6_000);
  });

  it("holds what comes before the key, and delivers it as not confirmed", async () => {
    const sensor = new Sensor(channel, store, 7);
    assert.equal(sensor.early(0), Codes.changed);
    assert.equal(sensor.early(1), Codes.changed);
    assert.deepEqual(readings, []);
    sensor.agree();
    await turn();
    const early = (number: number) => reading(number, { confirmed: false });
    assert.deepEqual(readings, [early(0), early(1)]);
    // With the key there, at once; each once; and the same number is the same reading in both contexts.
    assert.equal(sensor.early(2), Codes.changed);
    assert.equal(sensor.early(0), Codes.changed);
    assert.equal(sensor.send(1).code, Codes.changed);
    assert.equal(sensor.send(3).code, Codes.changed);
    assert.deepEqual(readings, [early(0), early(1), early(2), reading(3)]);
  });

  it("takes nothing more under the provisional context once the confirmed one is used", async () => {
    const sensor = new Sensor(channel, store, 7);
    sensor.agree();
    sensor.send(1);
    assert.equal(sensor.early(0), Codes.unauthorized);
    assert.match(refusals()[0], /provisional context is closed/);
    assert.equal(sensor.send(0).code, Codes.changed);
    assert.deepEqual(readings, [reading(1), reading(0)]);
  });

  it("holds no more than it has room for", () => {
    const sensor = new Sensor(channel, store, 7);
    for (let i = 0; i < 4; i++) assert.equal(sensor.early(i), Codes.changed);
    const answer = channel.receive("peer", sensor.request(sensor.provisional, 4).message);
    assert.equal(answer.code, Codes.serviceUnavailable);
    assert.deepEqual(answer.options, [{ number: OptionNumbers.maxAge, value: Uint8Array.of(5) }]);
  });

  it("delivers nothing held when the transaction of the key fails", async () => {
    const sensor = new Sensor(channel, store, 7);
    sensor.early(0);
    assert.throws(() =>
      store.transaction(() => {
        channel.agreed(sensor.session, sensor.keys, sensor.confirmation);
        throw new Error("disk full");
      }),
    );
    await turn();
    assert.deepEqual(readings, []);
    assert.equal(sensor.early(1), Codes.changed);
  });

  it("forgets a reading that the application could not take, and takes it again", () => {
    const results = store.table<number>("results");
    let full = true;
    channel = open(({ number }) => {
      results.put(`${number}`, number);
      if (full) throw new Error("the application's disk is full");
    });
    const sensor = new Sensor(channel, store, 7);
    sensor.agree();
    assert.throws(() => sensor.send(0), /disk is full/);
    assert.equal(results.get("0"), undefined);
    full = false;
    assert.equal(sensor.send(0).code, Codes.changed);
    assert.equal(results.get("0"), 0);
  });

  it("keeps window and numbers over a restart", () => {
    const sensor = new Sensor(channel, store, 7);
    sensor.agree();
    for (const number of [0, 20, 21, 40]) sensor.send(number);
    channel.close();
    const other = open();
    for (const number of [20, 21, 40]) {
      const answer = other.receive("peer", sensor.request(sensor.confirmed, number).message);
      assert.equal(answer.code, Codes.changed);
    }
    assert.equal(other.receive("peer", sensor.request(sensor.confirmed, 8).message).code, Codes.unauthorized);
    const answer = other.receive("peer", sensor.request(sensor.confirmed, 41).message);
    assert.equal(toHex(findOption(answer.options, OptionNumbers.oscore) as Uint8Array), "0107");
    assert.deepEqual(
      readings.map(({ number }) => number),
      [0, 20, 21, 40, 41],
    );
    assert.match(refusals()[0], /Replay detected: number 8/);
  });

  it("keeps the channel before the last, and no older one", () => {
    const sensors = [7, 8, 9].map((t) => new Sensor(channel, store, t));
    for (const sensor of sensors) sensor.agree();
    const [oldest, before, last] = sensors;
    before.send(0);
    last.send(0);
    assert.deepEqual(readings, [reading(0, { t: 8 }), reading(0, { t: 9 })]);
    const answer = channel.receive("peer", oldest.request(oldest.confirmed, 0).message);
    assert.deepEqual(
      [answer.code, Buffer.from(answer.payload).toString()],
      [Codes.unauthorized, "Security context not found"],
    );
    for (const name of ["channels", "channel-contexts"]) assert.equal(store.table(name).entries().length, 2);
  });

  it("refuses what was recorded before its store was lost, however the exchange is repeated", () => {
    const sensor = new Sensor(channel, store, 7);
    sensor.agree();
    const { message } = sensor.request(sensor.confirmed, 0);
    channel.receive("peer", message);
    store = new MemoryStore();
    channel = open();
    const again = new Sensor(channel, store, 7);
    Object.assign(again, { session: sensor.session, keys: sensor.keys });
    // The same shares, another nonce of the Responder, and even the same sender ID.
    Object.assign(again.confirmation, { senderId: sensor.confirmation.senderId });
    again.agree();
    readings = [];
    assert.equal(channel.receive("peer", message).code, Codes.badRequest);
    assert.deepEqual(readings, []);
  });

  it("answers under protection what is no reading, and takes its number", () => {
    const sensor = new Sensor(channel, store, 7);
    sensor.agree();
    const [path, format] = post;
    const other = { number: OptionNumbers.uriPath, value: ascii("x") };
    const cases: [Partial<CoapContent>, number][] = [
      [{ options: [other, format] }, Codes.notFound],
      [{ options: [path, path, format] }, Codes.notFound],
      [{ options: [format] }, Codes.notFound],
      [{ code: Codes.GET }, Codes.methodNotAllowed],
      [{ options: [path] }, Codes.unsupportedContentFormat],
      [{ options: [path, { ...format, value: encodeUint(60) }] }, Codes.unsupportedContentFormat],
      [{ payload: fromHex("81a0") }, Codes.badRequest],
      [{ payload: new Uint8Array(0) }, Codes.badRequest],
    ];
    for (const [i, [change, code]] of cases.entries())
      assert.equal(sensor.send(i, change).code, code, `${i}`);
    assert.equal(sensor.send(0).code, Codes.changed);
    assert.deepEqual(readings, []);
  });

  it("refuses malformed, strange and altered requests, and says why to its own log only", () => {
    const sensor = new Sensor(channel, store, 7);
    sensor.agree();
    const good = sensor.request(sensor.confirmed, 0).message;
    const early = sensor.request(sensor.provisional, 0).message;
    const altered = good.payload.slice();
    altered[3] ^= 1;
    const oscore = (value: Uint8Array): Option[] => [{ number: OptionNumbers.oscore, value }];
    const idContext = sensor.session.rand.slice(0, 8);
    for (const [message, code, text] of [
      [{ ...good, options: oscore(fromHex("e9")) }, Codes.badOption, "Failed to decode COSE"],
      [
        { ...good, options: oscore(fromHex("0900ffffffff")) },
        Codes.unauthorized,
        "Security context not found",
      ],
      [{ ...good, options: oscore(fromHex("0900")) }, Codes.unauthorized, "Security context not found"],
      [{ ...good, payload: altered }, Codes.badRequest, "Decryption failed"],
      [{ ...early, payload: altered }, Codes.badRequest, "Decryption failed"],
      [
        { ...early, options: oscore(concat(fromHex("190008"), idContext, fromHex("05"))) },
        Codes.unauthorized,
        "Security context not found",
      ],
      [{ ...early, options: oscore(fromHex("19000101")) }, Codes.unauthorized, "Security context not found"],
      [{ ...early, options: oscore(fromHex("19000001")) }, Codes.unauthorized, "Security context not found"],
    ] as const) {
      const answer = channel.receive("peer", message);
      assert.deepEqual([answer.code, Buffer.from(answer.payload).toString()], [code, text]);
    }
    assert.equal(refusals().length, 8);
    assert.deepEqual(readings, []);
    assert.equal(channel.receive("peer", good).code, Codes.changed);
  });
});
