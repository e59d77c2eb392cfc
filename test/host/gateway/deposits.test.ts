/** Requests of a Responder that wait in a sensor's mailbox, and how the sensor learns that something waits. */

import assert from "node:assert/strict";
import { encodeReading } from "../../../firmware/readings.js";
import { primitives, randomSource } from "../../../host/primitives.js";
import { ascii, concat, toHex } from "../../../protocol/bytes.js";
import { Codes, ContentFormats, OptionNumbers } from "../../../protocol/coap/numbers.js";
import { findOption } from "../../../protocol/coap/options.js";
import { restoreConfirmation } from "../../../protocol/exchange/bundle.js";
import { confirmedContext, confirmedSecrets } from "../../../protocol/exchange/channel.js";
import type { FinishedInitiator } from "../../../protocol/exchange/initiator.js";
import { protectRequest } from "../../../protocol/oscore/protect.js";
import { type World, world } from "../third-party/world.js";
import { locationOf, type Scene, scene, tagOf } from "./scene.js";

const nothing = new Uint8Array(0);

describe("gateway: requests to a sensor", () => {
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

  const collect = (box: string, ack?: number) =>
    s.send(box, ack === undefined ? nothing : Uint8Array.of(ack), {
      options: [{ number: OptionNumbers.uriQuery, value: ascii("w=5") }],
    });
  const look = (box: string, ack: number) => s.send(box, Uint8Array.of(ack));

  /** An exchange, and R_I out of the mailbox and acknowledged. */
  async function agree(t: number) {
    const { waiting, bundle } = s.bundle(t);
    const box = locationOf(await s.post(bundle));
    const got = await collect(box);
    const finished = waiting.consumeConfirmation(restoreConfirmation(waiting.session, got.payload));
    assert.equal((await look(box, tagOf(got) as number)).payload.length, 0);
    return { box, finished, senderId: toHex(finished.confirmation.senderId) };
  }

  /** An OSCORE request, as far as the gateway can tell. */
  const request = (number: number) => ({ option: Uint8Array.of(0x09, number, 2), payload: randomSource(20) });
  type Request = ReturnType<typeof request>;
  const put = (senderId: string, { option, payload }: Request) =>
    s.send(`s/${senderId}`, payload, { options: [{ number: OptionNumbers.oscore, value: option }] });
  const carried = ({ option, payload }: Request) => concat(1, option.length, option, payload);

  function reading({ keys, confirmation }: FinishedInitiator, number: number) {
    const secrets = confirmedSecrets(primitives, keys, confirmation);
    const options = [
      { number: OptionNumbers.uriPath, value: ascii("r") },
      { number: OptionNumbers.contentFormat, value: Uint8Array.of(112) },
    ];
    const payload = encodeReading([{ name: "temperature", unit: "Cel", value: 37, decimals: 0 }]);
    const content = { code: Codes.POST, options, payload };
    return protectRequest(primitives, confirmedContext(primitives, "sensor", secrets), number, content)
      .message;
  }

  it("keeps a request for the sensor whose R_I has the sender ID, over a restart, the same one once", async () => {
    const { box, senderId } = await agree(1);
    const one = request(0);
    assert.equal((await put(senderId, one)).code, Codes.created);
    await s.restart();
    assert.equal((await put(senderId, one)).code, Codes.changed);
    const got = await collect(box);
    assert.equal(got.contentFormat, ContentFormats.oscore);
    assert.deepEqual(got.payload, carried(one));
    assert.equal((await look(box, tagOf(got) as number)).payload.length, 0);
  });

  it("hands a request to the mailbox of its own exchange, not to one before or after", async () => {
    const [first, second] = [await agree(1), await agree(2)];
    assert.notEqual(first.senderId, second.senderId);
    const [one, two] = [request(0), request(1)];
    await put(first.senderId, one);
    await put(second.senderId, two);
    assert.deepEqual((await collect(first.box)).payload, carried(one));
    assert.deepEqual((await collect(second.box)).payload, carried(two));
  });

  it("has it where the sensor collects: in the mailbox of its new exchange while it has the session before", async () => {
    const { finished, senderId } = await agree(1);
    const [one, two] = [request(0), request(1)];
    await put(senderId, one);
    const { options, payload } = reading(finished, 0);
    const send = (box: string) => s.send(box, payload, { options, understood: [OptionNumbers.oscore] });
    // Junk is good for nobody, and gets nothing.
    const junk = s.bundle(3).bundle.slice();
    junk[19] ^= 1;
    junk.fill(0, 56);
    assert.equal(tagOf(await send(locationOf(await s.post(junk)))), undefined);
    const { box } = await agree(2);
    const hint = tagOf(await send(box));
    const got = await collect(box);
    assert.deepEqual([tagOf(got), got.payload], [hint, carried(one)]);
    await put(senderId, two);
    await send(box);
    assert.deepEqual((await look(box, hint as number)).payload, carried(two));
  });

  it("keeps four of one network, so that answers have room, and takes one more when one is collected", async () => {
    const { box, senderId } = await agree(1);
    const all = [0, 1, 2, 3, 4].map(request);
    const codes: number[] = [];
    for (const one of all) codes.push((await put(senderId, one)).code);
    assert.deepEqual(codes, [...new Array(4).fill(Codes.created), Codes.serviceUnavailable]);
    const refused = await put(senderId, all[4]);
    assert.deepEqual([...(findOption(refused.options, OptionNumbers.maxAge) ?? [])], [5]);
    const first = await collect(box);
    assert.deepEqual(first.payload, carried(all[0]));
    assert.deepEqual((await look(box, tagOf(first) as number)).payload, carried(all[1]));
    assert.equal((await put(senderId, all[4])).code, Codes.created);
  });

  it("refuses what is for nobody, is not protected, or is too long", async () => {
    const { senderId } = await agree(1);
    const one = request(0);
    for (const id of ["00000000", senderId.slice(2), `${senderId}00`, " ", "x"]) {
      assert.equal((await put(id, one)).code, Codes.notFound, id);
    }
    assert.equal((await s.send(`s/${senderId}`, one.payload)).code, Codes.badRequest);
    assert.equal((await put(senderId, { ...one, payload: nothing })).code, Codes.badRequest);
    // Our client takes this code for a wish for blocks.
    await assert.rejects(put(senderId, { ...one, payload: new Uint8Array(1022) }), {
      code: Codes.requestEntityTooLarge,
    });
    assert.equal((await s.send("s", one.payload)).code, Codes.notFound);
  });

  it("tells a sensor with each answer to a reading whether something waits", async () => {
    const { box, finished, senderId } = await agree(1);
    const send = (number: number) => {
      const { options, payload } = reading(finished, number);
      return s.send(box, payload, { options, understood: [OptionNumbers.oscore] });
    };
    const before = await send(0);
    assert.ok(findOption(before.options, OptionNumbers.oscore));
    assert.equal(tagOf(before), undefined);
    await put(senderId, request(0));
    const answered = await send(1);
    assert.ok(findOption(answered.options, OptionNumbers.oscore));
    await s.stop("responder");
    const bare = await send(2);
    assert.equal(findOption(bare.options, OptionNumbers.oscore), undefined);
    const got = await collect(box);
    assert.deepEqual([tagOf(answered), tagOf(bare)], [tagOf(got), tagOf(got)]);
    assert.equal(tagOf(await look(box, tagOf(got) as number)), undefined);
    assert.equal(tagOf(await send(3)), undefined);
  });
});
