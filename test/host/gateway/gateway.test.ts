/** The gateway among real parties: bundles, mailboxes, readings that wait, and what does not come in. */

import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { encodeReading } from "../../../firmware/readings.js";
import { primitives } from "../../../host/primitives.js";
import { Codes, ContentFormats, OptionNumbers } from "../../../protocol/coap/numbers.js";
import { findOption } from "../../../protocol/coap/options.js";
import { restoreConfirmation } from "../../../protocol/exchange/bundle.js";
import {
  confirmedContext,
  confirmedSecrets,
  provisionalContext,
} from "../../../protocol/exchange/channel.js";
import type { FinishedInitiator } from "../../../protocol/exchange/initiator.js";
import { protectRequest, unprotectResponse } from "../../../protocol/oscore/protect.js";
import { PATIENCE, type World, world } from "../third-party/world.js";
import { locationOf, type Scene, scene, tagOf } from "./scene.js";

const nothing = new Uint8Array(0);

/** A reading as the sensor sends it through a mailbox. */
function reading(context: Parameters<typeof protectRequest>[1], number: number, value: number) {
  const payload = encodeReading([{ name: "temperature", unit: "Cel", value, decimals: 0 }]);
  const options = [
    { number: OptionNumbers.uriPath, value: Buffer.from("r") },
    { number: OptionNumbers.contentFormat, value: Uint8Array.of(112) },
  ];
  return protectRequest(primitives, context, number, { code: Codes.POST, options, payload });
}

describe("gateway", () => {
  let w: World;
  let s: Scene;
  before(async function () {
    this.timeout(30_000);
    w = await world();
  });
  beforeEach(async () => {
    s = await scene(w);
  });
  afterEach(() => s.close());

  /** What comes into a mailbox. */
  const collect = (box: string, ack?: number, listen = 0) =>
    s.send(box, ack === undefined ? nothing : Uint8Array.of(ack), {
      ...(listen > 0 && {
        options: [{ number: OptionNumbers.uriQuery, value: Buffer.from(`w=${listen}`) }],
      }),
    });

  async function agree(t: number): Promise<{ box: string; finished: FinishedInitiator }> {
    const { waiting, bundle } = s.bundle(t);
    const box = locationOf(await s.post(bundle));
    const got = await collect(box, undefined, 5);
    assert.equal(got.code, Codes.changed);
    return { box, finished: waiting.consumeConfirmation(restoreConfirmation(waiting.session, got.payload)) };
  }

  const context = (finished: FinishedInitiator) =>
    confirmedContext(
      primitives,
      "sensor",
      confirmedSecrets(primitives, finished.keys, finished.confirmation),
    );

  const sendProtected = (box: string, { message }: ReturnType<typeof reading>) =>
    s.send(box, message.payload, { options: message.options, understood: [OptionNumbers.oscore] });

  const until = async (what: () => boolean) => {
    const end = Date.now() + PATIENCE;
    while (!what()) {
      assert.ok(Date.now() < end, "nothing within the time");
      await sleep(10);
    }
  };

  it("carries an exchange: 80 bytes out, 20 back, and the keys are the sensor's", async () => {
    const { waiting, bundle } = s.bundle(1);
    assert.equal(bundle.length, 80);
    const answer = await s.post(bundle);
    assert.equal(answer.code, Codes.created);
    assert.equal(answer.payload.length, 0);
    const got = await collect(locationOf(answer), undefined, 5);
    assert.equal(got.contentFormat, ContentFormats.octetStream);
    assert.equal(got.payload.length, 20);
    const expected = waiting.provisionalKeys;
    const { keys } = waiting.consumeConfirmation(restoreConfirmation(waiting.session, got.payload));
    assert.deepEqual(keys, expected);
  });

  it("gives a message again until the sensor says that it has it, and not after that", async () => {
    const { box } = await agree(1);
    const again = await collect(box);
    assert.equal(again.payload.length, 20);
    const number = tagOf(again) as number;
    // A number that is not there takes nothing away.
    assert.equal((await collect(box, number + 1)).payload.length, 20);
    const empty = await collect(box, number);
    assert.equal(empty.code, Codes.changed);
    assert.equal(empty.payload.length, 0);
    assert.equal((await collect(box)).payload.length, 0);
  });

  it("puts R_I in once, however many third parties bring it, and however early the sensor has it", async () => {
    for (let t = 1; t <= 3; t++) {
      const { waiting, bundle } = s.bundle(t);
      const box = locationOf(await s.post(bundle));
      const got = await collect(box, undefined, 5);
      assert.equal((await collect(box, tagOf(got) as number)).payload.length, 0);
      const answers = () => s.gatewayEvents.filter((it) => it.event === "answered" && it.t === t).length;
      await until(() => answers() === 3);
      assert.equal((await collect(box)).payload.length, 0);
      waiting.abandon();
    }
  });

  it("keeps R_I and unfinished bundles over a restart, and takes the same bundle for the same", async () => {
    const { waiting, bundle } = s.bundle(1);
    const box = locationOf(await s.post(bundle));
    await s.restart();
    assert.equal(locationOf(await s.post(bundle)), box);
    const got = await collect(box, undefined, 5);
    await s.restart();
    assert.deepEqual((await collect(box)).payload, got.payload);
    waiting.consumeConfirmation(restoreConfirmation(waiting.session, got.payload));
    const number = tagOf(got) as number;
    assert.equal((await collect(box, number)).payload.length, 0);
    await s.restart();
    assert.equal((await collect(box)).payload.length, 0);
  });

  it("agrees without one of three third parties, and a lost exchange ends in an empty mailbox", async () => {
    await s.stop("party-02");
    await agree(1);
    await s.stop("party-01");
    const { bundle } = s.bundle(2);
    const box = locationOf(await s.post(bundle));
    assert.equal((await collect(box, undefined, 1)).payload.length, 0);
  });

  it("carries a reading and brings its answer at once when the Responder is there", async () => {
    const { box, finished } = await agree(1);
    const sent = reading(context(finished), 0, 37);
    const answer = await sendProtected(box, sent);
    const opened = unprotectResponse(primitives, context(finished), sent.binding, { ...answer });
    assert.equal(opened.code, Codes.changed);
    assert.deepEqual(
      s.readings.map((it) => "records" in it && it.records),
      [[{ n: "temperature", u: "Cel", v: 37 }]],
    );
  });

  it("keeps readings for a Responder that is away, over a restart, in order, each once", async () => {
    const { box, finished } = await agree(1);
    await s.stop("responder");
    const sent = [0, 1, 2].map((number) => reading(context(finished), number, 30 + number));
    for (const one of sent)
      assert.deepEqual([(await sendProtected(box, one)).code, s.readings.length], [Codes.changed, 0]);
    // A retransmission that was taken for another request.
    await sendProtected(box, sent[1]);
    await s.restart();
    await s.startResponder();
    await until(() => s.readings.length === 3);
    assert.deepEqual(
      s.readings.map((it) => "number" in it && it.number),
      [0, 1, 2],
    );
    // The answers wait behind R_I.
    const first = await collect(box);
    await until(() => s.gatewayEvents.filter(({ event }) => event === "forwarded").length >= 3);
    for (let ack = tagOf(first) as number, i = 0; i < 3; i++) {
      const got = await collect(box, ack);
      assert.equal(got.contentFormat, ContentFormats.oscore);
      const [kind, length] = got.payload;
      const request = got.payload.subarray(2, 2 + length);
      const option = got.payload.subarray(3 + length, 3 + length + got.payload[2 + length]);
      assert.deepEqual(
        [kind, [...request]],
        [0, [...(findOption(sent[i].message.options, OptionNumbers.oscore) ?? [])]],
      );
      const message = {
        code: Codes.changed,
        options: [{ number: OptionNumbers.oscore, value: option }],
        payload: got.payload.subarray(3 + length + option.length),
      };
      assert.equal(
        unprotectResponse(primitives, context(finished), sent[i].binding, message).code,
        Codes.changed,
      );
      ack = tagOf(got) as number;
    }
    await sleep(50);
    assert.equal(s.readings.length, 3);
  });

  it("carries a reading that leaves with the bundle, before there is a key anywhere", async () => {
    const { waiting, bundle } = s.bundle(1);
    const early = reading(
      provisionalContext(primitives, "sensor", waiting.session, waiting.provisionalKeys),
      0,
      36,
    );
    const box = locationOf(await s.post(bundle));
    assert.equal((await sendProtected(box, early)).code, Codes.changed);
    await until(() => s.readings.length === 1);
    assert.equal((s.readings[0] as { confirmed?: boolean }).confirmed, false);
  });

  it("refuses what is no bundle of a sensor that it knows, and mailboxes that are not there", async () => {
    const { bundle } = s.bundle(1);
    const foreign = bundle.slice();
    foreign[1] ^= 1;
    const cases: [Uint8Array, number][] = [
      [foreign, Codes.forbidden],
      [bundle.subarray(0, 79), Codes.badRequest],
      [nothing, Codes.badRequest],
      [Uint8Array.of(0x21, ...bundle.subarray(1)), Codes.badRequest],
    ];
    for (const [payload, code] of cases) assert.equal((await s.post(payload)).code, code);
    for (const path of ["m/AAAAAAAA", "m/x", "m/*", `m/${"A".repeat(200)}`]) {
      assert.equal((await collect(path)).code, Codes.notFound, path);
    }
    assert.equal((await s.send("m", nothing)).code, Codes.notFound);
    const box = locationOf(await s.post(bundle));
    assert.equal((await s.send(box, new Uint8Array(2))).code, Codes.badRequest);
    const query = { options: [{ number: OptionNumbers.uriQuery, value: Buffer.from("w=x") }] };
    assert.equal((await s.send(box, nothing, query)).code, Codes.badRequest);
  });

  it("keeps the mailbox that a third party vouched for when strangers send bundles with the sensor's handle", async () => {
    const { box } = await agree(1);
    for (let i = 0; i < 8; i++) {
      const stranger = s.bundle(100 + i).bundle;
      stranger[stranger.length - 1] ^= 1;
      stranger[stranger.length - 9] ^= 1;
      stranger[stranger.length - 17] ^= 1;
      await s.post(stranger);
    }
    assert.equal((await collect(box)).payload.length, 20);
  });

  it("forgets what nobody comes for, and takes no more than it has room for", async () => {
    await s.close();
    const limits = { perSensor: 2, messages: 2, bytes: 200, age: 60_000 };
    s = await scene(w, { gateway: { limits } });
    const { box, finished } = await agree(1);
    await s.stop("responder");
    const send = async (number: number) =>
      (await sendProtected(box, reading(context(finished), number, 1))).code;
    assert.deepEqual(
      [await send(0), await send(1), await send(2)],
      [Codes.changed, Codes.changed, Codes.serviceUnavailable],
    );
    const long = { number: OptionNumbers.oscore, value: new Uint8Array(5) };
    const tooLong = await s.send(box, new Uint8Array(300), { options: [long] });
    assert.equal(tooLong.code, Codes.serviceUnavailable);
    const second = locationOf(await s.post(s.bundle(2).bundle));
    const third = locationOf(await s.post(s.bundle(3).bundle));
    // Without a Responder no third party has found the second good yet, nor the third: there is no room for a fourth.
    const fourth = await s.post(s.bundle(4).bundle);
    assert.equal(fourth.code, Codes.serviceUnavailable);
    const codes = await Promise.all([box, second, third].map(async (name) => (await collect(name)).code));
    assert.deepEqual(codes, [Codes.changed, Codes.changed, Codes.changed]);
  });
});
