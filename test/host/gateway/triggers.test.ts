/** A Responder that asks for an exchange: who vouches, and what comes into the sensor's mailbox. */

import assert from "node:assert/strict";
import { type CoapServer, startCoapServer } from "../../../host/coap/server.js";
import { primitives, randomSource } from "../../../host/primitives.js";
import { signPlea } from "../../../host/trigger/plea.js";
import { ascii } from "../../../protocol/bytes.js";
import { Codes, ContentFormats, OptionNumbers } from "../../../protocol/coap/numbers.js";
import { restoreConfirmation } from "../../../protocol/exchange/bundle.js";
import { countVouchers, decodeTrigger, encodeTrigger, HIDDEN_T } from "../../../protocol/exchange/trigger.js";
import { type Identity, identityFromText } from "../../../protocol/mikey/identity.js";
import { pskAt, type World, world } from "../third-party/world.js";
import { locationOf, type Scene, type SceneOptions, scene, tagOf } from "./scene.js";

const nothing = new Uint8Array(0);
const sensor = identityFromText("sensor01");

describe("gateway: triggers", () => {
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

  async function reopen(options: SceneOptions): Promise<void> {
    await s.close();
    s = await scene(w, options);
  }

  const look = (box: string, ack?: number) => s.send(box, ack === undefined ? nothing : Uint8Array.of(ack));

  /** An exchange, and R_I out of the mailbox and acknowledged; the mailbox. */
  async function agree(t: number): Promise<string> {
    const { waiting, bundle } = s.bundle(t);
    const box = locationOf(await s.post(bundle));
    const options = [{ number: OptionNumbers.uriQuery, value: ascii("w=5") }];
    const got = await s.send(box, nothing, { options });
    waiting.consumeConfirmation(restoreConfirmation(waiting.session, got.payload));
    assert.equal((await look(box, tagOf(got))).payload.length, 0);
    return box;
  }

  const plea = (nonce = randomSource(8), of: Identity = sensor) => {
    const { identity, certificate, privateKey } = w.hospital;
    return signPlea({ identity, chain: [certificate], privateKey }, of, nonce, Date.now());
  };
  const ask = (jws: string) => s.send("t", ascii(jws), { contentFormat: ContentFormats.octetStream });
  /** How many vouch for it, if it is what the sensor may believe. */
  const vouched = (payload: Uint8Array, t: number, nonce: Uint8Array) => {
    const trigger = decodeTrigger(payload);
    assert.deepEqual([trigger.responder, trigger.t, trigger.nonce], [w.hospital.identity, t, nonce]);
    const claim = { sensor, responder: w.hospital.identity, t, nonce };
    return countVouchers(
      primitives,
      claim,
      trigger.vouchers,
      [1, 2, 3].map((x) => pskAt(w, x, t)),
    );
  };

  it("puts what the third parties vouch for into the mailbox of the sensor's last exchange", async () => {
    const first = await agree(1);
    const box = await agree(2);
    const nonce = randomSource(8);
    const answer = await ask(await plea(nonce));
    assert.equal(answer.code, Codes.created);
    assert.deepEqual([...answer.payload], [Codes.changed, Codes.changed, Codes.changed]);
    assert.equal((await look(first)).payload.length, 0);
    const got = await look(box);
    assert.equal(got.contentFormat, ContentFormats.trigger);
    assert.equal(vouched(got.payload, 3, nonce), 3);
    assert.deepEqual(s.gatewayEvents.filter(({ event }) => event === "vouched").at(-1), {
      ...{ event: "vouched", sensor: "sensor01", t: 3, from: "hospital", by: [1, 2, 3] },
    });
    // The exchange that it asks for is taken.
    await agree(3);
  });

  it("shows the T of a sensor with pseudonyms to nobody, in words that hold for its next", async () => {
    await reopen({ linkingKey: randomSource(16) });
    const box = await agree(1);
    const nonce = randomSource(8);
    assert.equal((await ask(await plea(nonce))).code, Codes.created);
    const { t, vouchers } = decodeTrigger((await look(box)).payload);
    assert.equal(t, HIDDEN_T);
    const claim = { sensor, responder: w.hospital.identity, t: 2, nonce };
    const psks = [1, 2, 3].map((x) => pskAt(w, x, 2));
    assert.equal(countVouchers(primitives, claim, vouchers, psks), 3);
  });

  it("keeps it over a restart, and takes the same plea for the same", async () => {
    const box = await agree(1);
    const nonce = randomSource(8);
    const jws = await plea(nonce);
    assert.equal((await ask(jws)).code, Codes.created);
    await s.restart();
    assert.equal((await ask(jws)).code, Codes.changed);
    const got = await look(box);
    assert.equal(vouched(got.payload, 2, nonce), 3);
    assert.equal((await look(box, tagOf(got))).payload.length, 0);
  });

  it("keeps the last one only, and wakes a sensor that listens", async () => {
    const box = await agree(1);
    const nonces = [randomSource(8), randomSource(8)];
    for (const nonce of nonces) await ask(await plea(nonce));
    const got = await look(box);
    assert.equal(vouched(got.payload, 2, nonces[1]), 3);
    assert.equal((await look(box, tagOf(got))).payload.length, 0);
    const options = [{ number: OptionNumbers.uriQuery, value: ascii("w=20") }];
    const listening = s.send(box, nothing, { options });
    const last = randomSource(8);
    await ask(await plea(last));
    assert.equal(vouched((await listening).payload, 2, last), 3);
  });

  it("does with two, and tells who is away; with one there is no trigger", async function () {
    this.timeout(30_000);
    const box = await agree(1);
    await s.stop("party-02");
    const nonce = randomSource(8);
    const answer = await ask(await plea(nonce));
    assert.deepEqual([answer.code, ...answer.payload], [Codes.created, Codes.changed, 0, Codes.changed]);
    const got = await look(box);
    assert.equal(vouched(got.payload, 2, nonce), 2);
    await look(box, tagOf(got));
    await s.stop("party-01");
    const alone = await ask(await plea());
    assert.deepEqual([alone.code, ...alone.payload], [Codes.gatewayTimeout, 0, 0, Codes.changed]);
    assert.equal((await look(box)).payload.length, 0);
  });

  it("tells when third parties do not vouch, and puts nothing into the mailbox", async () => {
    const box = await agree(1);
    const { identity, certificate } = w.hospital;
    const forged = { identity, chain: [certificate], privateKey: w.spare.privateKey };
    const answer = await ask(await signPlea(forged, sensor, randomSource(8), Date.now()));
    const { forbidden } = Codes;
    assert.deepEqual([answer.code, ...answer.payload], [forbidden, forbidden, forbidden, forbidden]);
    assert.equal((await look(box)).payload.length, 0);
  });

  it("refuses what is no plea, and sensors that it has no mailbox of", async () => {
    assert.equal((await ask(await plea())).code, Codes.notFound);
    // A bundle that no third party has found good says nothing of T.
    const { bundle } = s.bundle(7);
    for (const end of [1, 9, 17]) bundle[bundle.length - end] ^= 1;
    await s.post(bundle);
    assert.equal((await ask(await plea())).code, Codes.notFound);
    await agree(1);
    assert.equal((await ask(await plea(randomSource(8), identityFromText("sensor02")))).code, Codes.notFound);
    for (const text of ["", "x", "a.b.c"]) assert.equal((await ask(text)).code, Codes.badRequest, text);
    const longest = { ...w.hospital, identity: identityFromText("h".repeat(255)) };
    const jws = await signPlea(
      { ...longest, chain: [longest.certificate] },
      sensor,
      randomSource(8),
      Date.now(),
    );
    assert.equal((await ask(jws)).code, Codes.notFound);
  });

  it("bounds how often one sender asks, and asks for the same once", async () => {
    const box = await agree(1);
    const same = await plea();
    const codes = await Promise.all([same, same, same].map(async (jws) => (await ask(jws)).code));
    assert.ok(codes.every((code) => code === Codes.created || code === Codes.changed));
    const more: number[] = [];
    for (let i = 0; i < 5; i++) more.push((await ask(await plea())).code);
    assert.ok(more.includes(Codes.tooManyRequests), more.join(" "));
    assert.ok(decodeTrigger((await look(box)).payload).vouchers.length === 3);
  });

  it("does not store what comes when its mailbox is full", async () => {
    await reopen({ gateway: { limits: { perSensor: 2, messages: 1, bytes: 200, age: 60_000 } } });
    const { bundle } = s.bundle(1);
    const box = locationOf(await s.post(bundle));
    const options = [{ number: OptionNumbers.uriQuery, value: ascii("w=5") }];
    assert.equal((await s.send(box, nothing, { options })).payload.length, 20);
    assert.equal((await ask(await plea())).code, Codes.serviceUnavailable);
    assert.equal((await look(box)).payload.length, 20);
  });

  describe("with third parties that say what the test wants", () => {
    let said: { code: number; payload?: Uint8Array }[];
    let servers: CoapServer[];

    beforeEach(async () => {
      said = [1, 2, 3].map((x) => ({ code: Codes.changed, payload: new Uint8Array(8).fill(x) }));
      servers = await Promise.all(
        [0, 1, 2].map((i) =>
          startCoapServer({
            routes: {
              v: { handler: () => ({ ...said[i], contentFormat: ContentFormats.octetStream }) },
            },
            onError: (error) => assert.fail(error as Error),
          }),
        ),
      );
      const known = {
        ...{ sensor, handle: 0x0102, privacy: 1, responders: [""] },
        thirdParties: servers.map(({ address }) => address),
      };
      await reopen({ gateway: { named: () => known } });
    });
    afterEach(() => Promise.all(servers.map((server) => server.close())));

    it("believes none of it, and hands it on as it is", async () => {
      const box = await agree(4);
      const nonce = randomSource(8);
      assert.equal((await ask(await plea(nonce))).code, Codes.created);
      const vouchers = [1, 2, 3].map((x) => ({ x, tag: new Uint8Array(8).fill(x) }));
      const expected = encodeTrigger({ responder: w.hospital.identity, t: 5, nonce }, vouchers, []);
      assert.deepEqual((await look(box)).payload, expected);
    });

    it("takes nothing for a tag that has another length or code", async () => {
      await agree(1);
      said[0] = { code: Codes.changed, payload: new Uint8Array(9) };
      said[1] = { code: Codes.content, payload: new Uint8Array(8) };
      const answer = await ask(await plea());
      assert.deepEqual(
        [answer.code, ...answer.payload],
        [Codes.forbidden, Codes.changed, Codes.content, Codes.changed],
      );
    });
  });
});
