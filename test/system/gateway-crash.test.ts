/**
 * The gateway killed at random points under load. What it acknowledged reaches the application behind the Responder's
 * channel, each reading once, and the mailbox, each request to the sensor once; the Responder may be asked twice, as its
 * replay window is there for.
 *
 * SYMBOLON_KILLS says how often it is killed; 8 times without it.
 */

import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { encodeReading } from "../../firmware/readings.js";
import { Channel } from "../../host/channel/channel.js";
import { CoapError, type CoapResponse, coapRequest } from "../../host/coap/client.js";
import { startCoapServer } from "../../host/coap/server.js";
import { writeGatewaySensor } from "../../host/gateway/folder.js";
import { primitives, randomSource } from "../../host/primitives.js";
import { PartyProcess, programFile } from "../../host/simulation/process.js";
import { MemoryStore } from "../../host/store/memory.js";
import { ascii, toHex } from "../../protocol/bytes.js";
import { Codes, ContentFormats, OptionNumbers } from "../../protocol/coap/numbers.js";
import { findOption } from "../../protocol/coap/options.js";
import { createBundle } from "../../protocol/exchange/bundle.js";
import { PART_PATH } from "../../protocol/exchange/bundle-cut.js";
import { readBundleHead } from "../../protocol/exchange/bundle-parts.js";
import { CarriedKinds, carriedRequest } from "../../protocol/exchange/carried.js";
import { confirmedContext, confirmedSecrets } from "../../protocol/exchange/channel.js";
import { type Confirmation, createConfirmation } from "../../protocol/exchange/confirmation.js";
import { beginExchange, type WaitingInitiator } from "../../protocol/exchange/initiator.js";
import { type Policy, sharingOf } from "../../protocol/exchange/policy.js";
import { READINGS_PATH, SENML_CBOR } from "../../protocol/exchange/readings.js";
import { referenceSteps } from "../../protocol/exchange/reference-steps.js";
import { SENSORS_PATH } from "../../protocol/exchange/sensor-requests.js";
import { createShareVerification } from "../../protocol/exchange/share-verification.js";
import { identityFromText } from "../../protocol/mikey/identity.js";
import { protectRequest } from "../../protocol/oscore/protect.js";
import { weightMatrix } from "../../protocol/shares/weights.js";
import { ownHost } from "../host/own-host.js";

const KILLS = Number(process.env.SYMBOLON_KILLS ?? 8);
const HANDLE = 9;
/** Of one exchange. */
const READINGS = 6;
/** Requests of the Responder for each exchange. */
const REQUESTS = 3;
const main = programFile("host/cli/main.js");
const responder = identityFromText("hospital");
const policy: Policy = {
  ...{ sensor: identityFromText("sensor01"), threshold: 2, privacy: 1, suite: "aes-ccm-128-8" },
  thirdParties: ["party-01", "party-02"].map(identityFromText),
};
const psk = (x: number) => new Uint8Array(16).fill(x);
const postOptions = [
  { number: OptionNumbers.uriPath, value: ascii(READINGS_PATH) },
  { number: OptionNumbers.contentFormat, value: Uint8Array.of(SENML_CBOR) },
];
const small = { ACK_TIMEOUT: 100, MAX_RETRANSMIT: 2 };

/** A request that is repeated until somebody answers: the gateway may be dead. */
async function persist(request: Parameters<typeof coapRequest>[0]): Promise<CoapResponse> {
  for (;;) {
    try {
      const response = await coapRequest({ timeout: 2_000, parameters: small, ...request });
      if (response.code !== Codes.serviceUnavailable) return response;
    } catch (error) {
      if (!(error instanceof CoapError)) throw error;
    }
    await sleep(20);
  }
}

describe("system: a gateway that is killed", function () {
  this.timeout(60_000 + KILLS * 10_000);

  it(`loses nothing that it has acknowledged, in ${KILLS} crashes under load`, async () => {
    const folder = mkdtempSync(join(tmpdir(), "symbolon-killed-"));
    const exchanges = new Map<number, { waiting: WaitingInitiator; given: Confirmation }>();
    /** What the application keeps: in the store of the channel, so that it is what the channel has accepted. */
    const store = new MemoryStore();
    const delivered = store.table<number>("delivered");
    const channel = new Channel({
      ...{ store, onEvent: () => undefined, hold: 60_000 },
      onReading({ t, number, records, confirmed }) {
        assert.deepEqual([confirmed, records], [true, [{ n: "count", u: "1", v: t * 100 + number }]]);
        const name = `${t}/${number}`;
        delivered.put(name, (delivered.get(name) ?? 0) + 1);
      },
    });
    const onError = (error: unknown) => assert.fail(error as Error);
    let asked = 0;
    const hospital = await startCoapServer({
      ...{ routes: {}, onError },
      onProtected(peer, request) {
        asked++;
        return channel.receive(peer, request);
      },
    });
    const parties = await Promise.all(
      policy.thirdParties.map((identity, i) =>
        startCoapServer({
          onError,
          routes: {
            [PART_PATH]: {
              contentFormat: ContentFormats.octetStream,
              handler({ payload }) {
                const exchange = exchanges.get(readBundleHead(payload).t);
                if (exchange === undefined) assert.fail("no such exchange");
                const { session } = exchange.waiting;
                const { given } = exchange;
                const confirmation = createConfirmation(primitives, session, new Uint8Array(16), given);
                const answer = createShareVerification(
                  primitives,
                  session,
                  identity,
                  psk(i + 1),
                  confirmation,
                );
                return { code: Codes.changed, payload: answer, contentFormat: ContentFormats.mikey };
              },
            },
          },
        }),
      ),
    );
    writeGatewaySensor(folder, {
      ...{ sensor: policy.sensor, handle: HANDLE, privacy: 1, responders: [hospital.address] },
      thirdParties: parties.map(({ address }) => address),
    });
    let gateway: PartyProcess | undefined;
    const host = ownHost();
    let port = 0;
    const start = async () => {
      const args = ["gateway", "--dir", folder, "--listen", `${host}:${port}`];
      gateway = new PartyProcess({ name: "gateway", script: main, args });
      const event = await gateway.waitFor("listening", (it) => it.event === "listening", 30_000);
      port = event.port as number;
    };
    try {
      await start();
      let isOver = false;
      const accepted: string[] = [];
      const boxes: { path: string; t: number }[] = [];
      /** By T: what waits for the sensor. */
      const deposited = new Map<number, string[]>();
      const address = () => `${host}:${port}`;
      const missing = () => accepted.filter((name) => delivered.get(name) === undefined);
      const load = async () => {
        for (let t = 1; !isOver; t++) {
          const psks = policy.thirdParties.map((_, i) => psk(i + 1));
          const credentials = { policy, psks, weights: weightMatrix(sharingOf(policy)) };
          const waiting = beginExchange(referenceSteps(primitives), randomSource, credentials, responder, t);
          const given = { nonce: new Uint8Array(8).fill(t), senderId: channel.newSenderId() };
          exchanges.set(t, { waiting, given });
          const { session, nonce, messages, provisionalKeys: keys } = waiting;
          const bundle = createBundle(session, nonce, messages, HANDLE, [responder]);
          const taken = await persist({
            ...{ address: address(), path: "b", payload: bundle },
            contentFormat: ContentFormats.octetStream,
          });
          assert.equal(taken.code, Codes.created);
          const path = taken.options
            .filter(({ number }) => number === OptionNumbers.locationPath)
            .map(({ value }) => Buffer.from(value).toString())
            .join("/");
          boxes.push({ path, t });
          store.transaction(() => channel.agreed(session, keys, given));
          const context = confirmedContext(primitives, "sensor", confirmedSecrets(primitives, keys, given));
          for (let i = 0; i < READINGS && !isOver; i++) {
            const plain = encodeReading([{ name: "count", unit: "1", value: t * 100 + i, decimals: 0 }]);
            const request = { code: Codes.POST, options: postOptions, payload: plain };
            const { options, payload } = protectRequest(primitives, context, i, request).message;
            const understood = [OptionNumbers.oscore];
            const kept = await persist({ ...{ address: address(), path, payload, options, understood } });
            assert.equal(kept.code, Codes.changed);
            accepted.push(`${t}/${i}`);
          }
          for (let i = 0; i < REQUESTS && !isOver; i++) {
            const oscore = Uint8Array.of(9, i, 2);
            const payload = randomSource(20);
            // The mailbox has the sender ID once its R_I is there.
            let kept: CoapResponse;
            do {
              kept = await persist({
                ...{ address: address(), path: `${SENSORS_PATH}/${toHex(given.senderId)}`, payload },
                options: [{ number: OptionNumbers.oscore, value: oscore }],
              });
            } while (kept.code === Codes.notFound && !isOver);
            if (kept.code === Codes.notFound) break;
            assert.ok(kept.code === Codes.created || kept.code === Codes.changed);
            deposited.set(t, [...(deposited.get(t) ?? []), toHex(carriedRequest(oscore, payload))]);
          }
          // The Responder keeps a sensor's last two channels.
          while (!isOver && missing().some((name) => !name.startsWith(`${t}/`))) await sleep(20);
        }
      };
      const loads = load();
      for (let kill = 0; kill < KILLS; kill++) {
        await sleep(randomInt(400));
        process.kill(gateway?.pid as number, "SIGKILL");
        await gateway?.ended.catch(() => undefined);
        await start();
      }
      isOver = true;
      await loads;
      for (let end = Date.now() + 15_000; missing().length > 0 && Date.now() < end; ) await sleep(50);
      assert.ok(accepted.length > 0 && boxes.length > 0);
      assert.deepEqual(missing(), [], `of ${accepted.length}`);
      assert.equal(delivered.entries().length, accepted.length);
      const twice = delivered.entries().filter(([, count]) => count !== 1);
      assert.deepEqual(twice, [], "delivered more than once");
      assert.ok(asked >= accepted.length);
      // The last mailboxes have their R_I, once.
      for (const { path, t } of boxes.slice(-4)) {
        const options = [{ number: OptionNumbers.uriQuery, value: ascii("w=5") }];
        const first = await persist({ ...{ address: address(), path, options }, timeout: 8_000 });
        assert.equal(toHex(first.payload.slice(4, 12)), toHex(new Uint8Array(8).fill(t)), `T ${t}`);
        const tag = findOption(first.options, OptionNumbers.eTag) as Uint8Array;
        let next = await persist({ address: address(), path, payload: Uint8Array.from(tag) });
        const requests: string[] = [];
        // What else waits is answers of the Responder and its requests.
        for (; next.payload.length > 0; ) {
          assert.equal(next.contentFormat, ContentFormats.oscore);
          if (next.payload[0] === CarriedKinds.request) requests.push(toHex(next.payload));
          const number = findOption(next.options, OptionNumbers.eTag) as Uint8Array;
          next = await persist({ address: address(), path, payload: Uint8Array.from(number) });
        }
        assert.deepEqual(requests, deposited.get(t) ?? [], `requests of T ${t}`);
      }
    } finally {
      await gateway?.stop();
      await Promise.all([hospital, ...parties].map((server) => server.close()));
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
