/** What a Responder asks of sensors: each request under a number of its own, and each answer for its request. */

import assert from "node:assert/strict";
import { Channel } from "../../../host/channel/channel.js";
import { answerLine } from "../../../host/channel/print.js";
import type { Answer, OpenRequest } from "../../../host/channel/requests.js";
import type { PartyEvent } from "../../../host/events.js";
import { primitives } from "../../../host/primitives.js";
import { MemoryStore } from "../../../host/store/memory.js";
import { ascii, toHex } from "../../../protocol/bytes.js";
import { Codes, OptionNumbers } from "../../../protocol/coap/numbers.js";
import { encodeUint, findOption } from "../../../protocol/coap/options.js";
import {
  encodeSensorAnswer,
  readSensorRequest,
  type SensorAnswer,
  type SensorRequest,
} from "../../../protocol/exchange/sensor-requests.js";
import { readRequestHeader, unprotectRequest } from "../../../protocol/oscore/protect.js";
import { pack, Sensor } from "./sensor.js";

const GATEWAY = "127.0.0.1:9";
const toAnswers = [
  { number: OptionNumbers.uriPath, value: ascii("a") },
  { number: OptionNumbers.contentFormat, value: encodeUint(42) },
];

describe("the Responder's requests to a sensor", () => {
  let store: MemoryStore;
  let answers: Answer[];
  let events: PartyEvent[];
  let channel: Channel;

  const open = (onAnswer = (answer: Answer) => void answers.push(answer)) =>
    new Channel({
      ...{ store, onAnswer, hold: 1000 },
      onReading: () => undefined,
      onEvent: (event) => events.push(event),
    });

  beforeEach(() => {
    store = new MemoryStore();
    answers = [];
    events = [];
    channel = open();
  });

  const agreed = (t: number): Sensor => {
    const sensor = new Sensor(channel, store, t);
    sensor.agree();
    return sensor;
  };
  const ask = (request: SensorRequest = { kind: "reading" }) =>
    channel.ask("sensor01", request, GATEWAY) as OpenRequest;
  /** The request as the sensor opens it. */
  const opened = (sensor: Sensor, { oscore, payload }: OpenRequest) => {
    const options = [{ number: OptionNumbers.oscore, value: oscore }];
    const message = { code: Codes.POST, options, payload };
    const header = readRequestHeader(message);
    const content = unprotectRequest(primitives, sensor.confirmed, header, message);
    return { header, ...readSensorRequest(content) };
  };
  const answer = (sensor: Sensor, number: number, given: SensorAnswer) =>
    sensor.send(number, { options: toAnswers, payload: encodeSensorAnswer(given) });
  const reasons = () =>
    events.flatMap((event) => (event.event === "refused" ? [`${event.message}: ${event.reason}`] : []));

  it("are protected under the keys of the last exchange, good for 64 numbers beyond the last one seen", () => {
    const sensor = agreed(7);
    const first = ask({ kind: "setInterval", seconds: 60 });
    const { header, ...read } = opened(sensor, first);
    assert.deepEqual([[...header.kid], header.kidContext, header.sequenceNumber], [[2], undefined, 0]);
    assert.deepEqual(read, { request: { kind: "setInterval", seconds: 60 }, until: 63 });
    sensor.send(40);
    const second = opened(sensor, ask({ kind: "exchange" }));
    assert.deepEqual("request" in second && second.request, { kind: "exchange" });
    const third = opened(sensor, ask());
    assert.deepEqual("until" in third && third.until, 104);
    const next = agreed(8);
    assert.equal(ask().t, 8);
    assert.throws(() => opened(sensor, ask()));
    assert.equal(opened(next, ask({ kind: "interval" })).header.sequenceNumber, 2);
  });

  it("go under the session that the sensor has when it has not learned of the last, and that is kept", () => {
    const sensor = agreed(7);
    sensor.send(0);
    // The reading behind the bundle: its R_I may still be under way, and is what the sensor collects first.
    agreed(8);
    sensor.send(32);
    assert.equal(ask().t, 8);
    // It has slept since, and R_I did not come.
    sensor.send(64);
    assert.equal(ask().t, 7);
    const [lost, last] = [agreed(9), agreed(10)];
    sensor.send(96);
    assert.equal(ask().t, 10);
    sensor.send(128);
    const { request, t } = ask();
    assert.equal(t, 7);
    answer(sensor, 129, { number: request, code: Codes.content, payload: pack(30) });
    assert.deepEqual(
      answers.map(({ t }) => t),
      [7],
    );
    last.send(0);
    assert.equal(ask().t, 10);
    sensor.send(160);
    sensor.send(192);
    assert.equal(ask().t, 10);
    agreed(11);
    assert.equal(
      lost.channel.receive("peer", lost.request(lost.confirmed, 0).message).code,
      Codes.unauthorized,
    );
    assert.equal(store.table("channels").entries().length, 2);
  });

  it("never have a number twice, among themselves and with responses, over restarts", () => {
    const sensor = agreed(7);
    const numbers: number[] = [];
    for (let i = 0; i < 5; i++) {
      numbers.push(opened(sensor, ask()).header.sequenceNumber);
      channel = open();
      const { message } = sensor.request(sensor.confirmed, i);
      const response = channel.receive("peer", message);
      const option = findOption(response.options, OptionNumbers.oscore) as Uint8Array;
      numbers.push(option[1]);
      channel = open();
    }
    assert.deepEqual(numbers, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it("use their number up even when what follows fails", () => {
    const sensor = agreed(7);
    assert.throws(() => ask({ kind: "setInterval", seconds: 0 }), RangeError);
    const { request } = ask();
    // What the process that made it never sent is sent as it was made.
    channel = open();
    const [left] = channel.requests.undeposited();
    assert.equal(left.request, request);
    assert.equal(ask().request, request + 1);
    assert.equal(opened(sensor, left).header.sequenceNumber, request);
  });

  it("go to nobody without a confirmed channel", () => {
    assert.equal(channel.ask("sensor01", { kind: "reading" }, GATEWAY), undefined);
    agreed(7);
    assert.equal(channel.ask("sensor02", { kind: "reading" }, GATEWAY), undefined);
  });

  it("are answered once: to the application, in the transaction that takes the answer", () => {
    const sensor = agreed(7);
    const { request } = ask();
    const given = { number: request, code: Codes.content, payload: pack(99) };
    assert.equal(answer(sensor, 0, given).code, Codes.changed);
    const expected: Answer = {
      ...{ sensor: "sensor01", t: 7, request, asked: "reading", code: "2.05", age: "unknown" },
      payload: toHex(pack(99)),
      records: [{ n: "a", v: 99 }],
    };
    assert.deepEqual(answers, [expected]);
    assert.deepEqual(open().requests.get(expected)?.answer, expected);
    // The same message again, and another of the same.
    assert.equal(answer(sensor, 0, given).code, Codes.changed);
    assert.equal(answer(sensor, 1, given).code, Codes.changed);
    assert.equal(answers.length, 1);
    assert.deepEqual(reasons(), ["answer: number 0 of T 7 is no request that is open (2.05)"]);
  });

  it("keep no answer when the application fails, and take it when it comes again", () => {
    let fails = true;
    channel = open((given) => {
      if (fails) throw new Error("full");
      answers.push(given);
    });
    const sensor = agreed(7);
    const { request } = ask();
    const given = { number: request, code: Codes.changed, payload: new Uint8Array(0) };
    assert.throws(() => answer(sensor, 0, given), /full/);
    fails = false;
    assert.equal(answer(sensor, 0, given).code, Codes.changed);
    assert.equal(answers.length, 1);
  });

  it("are answered under the keys under which they were asked, and not under the provisional ones", () => {
    const old = agreed(7);
    const first = ask();
    const sensor = agreed(8);
    const second = ask();
    assert.deepEqual([first.request, second.request], [0, 0]);
    const of = (payload: Uint8Array) => ({ number: 0, code: Codes.content, payload });
    answer(old, 0, of(pack(30)));
    const early = sensor.request(sensor.provisional, 0, {
      options: toAnswers,
      payload: encodeSensorAnswer(of(pack(31))),
    });
    channel.receive("peer", early.message);
    assert.deepEqual(
      answers.map(({ t }) => t),
      [7],
    );
    answer(sensor, 1, of(pack(32)));
    assert.deepEqual(
      answers.map(({ t, records }) => [t, records?.[0].v]),
      [
        [7, 30],
        [8, 32],
      ],
    );
  });

  it("are answered by what can be read: SenML, an interval, a code alone, anything", () => {
    const sensor = agreed(7);
    const cases: [SensorRequest, number, Uint8Array, string][] = [
      [{ kind: "reading" }, Codes.content, pack(99), "sensor01 7/#0: a 99 (2.05, age unknown)"],
      [{ kind: "reading" }, Codes.content, ascii("x"), "sensor01 7/#2: 78 (2.05, age unknown)"],
      [{ kind: "interval" }, Codes.content, ascii("60"), "sensor01 7/#4: every 60 s (2.05, age unknown)"],
      [{ kind: "interval" }, Codes.content, ascii("6\x1b"), "sensor01 7/#6: 361b (2.05, age unknown)"],
      [{ kind: "exchange" }, Codes.changed, ascii(""), "sensor01 7/#8: answered (2.04, age unknown)"],
      [
        { kind: "exchange" },
        Codes.preconditionFailed,
        ascii(""),
        "sensor01 7/#10: answered (4.12, age unknown)",
      ],
    ];
    for (const [i, [request, code, payload, line]] of cases.entries()) {
      answer(sensor, i, { number: ask(request).request, code, payload });
      assert.equal(answerLine(answers[i]), line);
    }
    assert.deepEqual(
      answers.map(({ seconds }) => seconds),
      [undefined, undefined, 60, undefined, undefined, undefined],
    );
  });

  it("refuse posts that are no answer, and tell of answers to nothing", () => {
    const sensor = agreed(7);
    ask();
    const bad = (change: object) => sensor.send(next++, { options: toAnswers, ...change }).code;
    let next = 0;
    for (const payload of [new Uint8Array(0), new Uint8Array(5), Uint8Array.of(0, 0, 0, 0, 0, 1)]) {
      assert.equal(bad({ payload }), Codes.badRequest);
    }
    const good = encodeSensorAnswer({ number: 0, code: Codes.content, payload: pack(30) });
    assert.equal(bad({ payload: good, code: Codes.PUT }), Codes.methodNotAllowed);
    const [path] = toAnswers;
    assert.equal(bad({ payload: good, options: [path] }), Codes.unsupportedContentFormat);
    assert.deepEqual(answers, []);
    answer(sensor, next++, { number: 77, code: Codes.content, payload: pack(30) });
    assert.deepEqual(reasons(), ["answer: number 77 of T 7 is no request that is open (2.05)"]);
  });

  it("are kept, eight of a sensor", () => {
    agreed(7);
    const all = Array.from({ length: 10 }, () => ask());
    assert.deepEqual(
      all.filter((one) => channel.requests.get(one) !== undefined).map(({ request }) => request),
      [2, 3, 4, 5, 6, 7, 8, 9],
    );
    channel.requests.settle(all[4], true);
    channel.requests.settle(all[5], false);
    channel.requests.settle(all[0], true);
    assert.deepEqual(
      channel.requests.undeposited().map(({ request }) => request),
      [2, 3, 6, 7, 8, 9],
    );
  });
});
