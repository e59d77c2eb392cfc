/**
 * What every server sends to somebody who has shown nothing, in bytes, for each byte that was sent to it: whoever writes
 * another's address as its own must not be able to have more than three times its bytes sent there (RFC 9175 §2.6).
 */

import assert from "node:assert/strict";
import { createSocket, type Socket } from "node:dgram";
import { setTimeout as sleep } from "node:timers/promises";
import { ascii } from "../../../protocol/bytes.js";
import { encodeBlock } from "../../../protocol/coap/block.js";
import { encodeMessage, type Message } from "../../../protocol/coap/message.js";
import { Codes, ContentFormats, OptionNumbers, Types } from "../../../protocol/coap/numbers.js";
import { locationOf, type Scene, scene } from "../gateway/scene.js";
import { forward } from "../responder/forwarding.js";
import { begin, type World, world } from "../third-party/world.js";
import { post } from "./endpoint.js";

/** Milliseconds in which a response is repeated as often as it ever is, with these parameters: 0.1 s, 5 times. */
const PATIENCE = 4_500;
const parameters = { ACK_TIMEOUT: 100, ACK_RANDOM_FACTOR: 1 };

const segment = (text: string) => ({ number: OptionNumbers.uriPath, value: ascii(text) });
const format = (number: number) => ({
  number: OptionNumbers.contentFormat,
  value: number < 256 ? Uint8Array.of(number) : Uint8Array.of(number >> 8, number),
});
const noToken = { token: new Uint8Array(0) };
const nothing = new Uint8Array(0);

describe("amplification", function () {
  this.timeout(60_000);
  let w: World;
  let at: Scene;
  let messageId = 0;

  before(async () => {
    w = await world();
    at = await scene(w, { parameters });
  });
  after(() => at.close());

  /** Sends one datagram from an address that acknowledges nothing; how many bytes came for each of its own. */
  async function factor(to: string, change: Partial<Message>, patience: number): Promise<number> {
    const socket: Socket = createSocket("udp4");
    let received = 0;
    socket.on("message", ({ length }) => {
      received += length;
    });
    const datagram = encodeMessage(post({ ...noToken, payload: nothing, ...change, messageId: ++messageId }));
    await new Promise<void>((resolve) => {
      socket.bind(0, "127.0.0.1", resolve);
    });
    socket.send(datagram, Number(to.split(":")[1]), "127.0.0.1");
    await sleep(patience);
    socket.close();
    return received / datagram.length;
  }

  /** All at once. */
  async function all(
    cases: readonly { to: string; what: string; change: Partial<Message>; patience?: number }[],
  ) {
    await Promise.all(
      cases.map(async ({ to, what, change, patience = 400 }) => {
        const times = await factor(to, change, patience);
        assert.ok(times <= 3, `${what}: ${times.toFixed(2)} times`);
      }),
    );
  }

  const servers = () => [
    { to: at.gateway, name: "gateway" },
    { to: at.responder, name: "Responder" },
    ...at.thirdParties.map((to, i) => ({ to, name: `third party ${i + 1}` })),
  ];

  it("of the shortest requests to every path, and of .well-known/core in any block size", async () => {
    const paths = ["mikey", "b", "m", "p", "v", "s", "t", "r", "x", ""];
    for (const { to, name } of servers()) {
      await all([
        ...paths.flatMap((path) =>
          [Codes.GET, Codes.POST].map((code) => ({
            ...{ to, what: `${name}: ${code} /${path}` },
            change: { code, options: path === "" ? [] : [segment(path)] },
          })),
        ),
        ...[Types.CON, Types.NON].map((type) => ({
          ...{ to, what: `${name}: links` },
          change: { type, code: Codes.GET, options: [segment(".well-known"), segment("core")] },
        })),
        ...[0, 1, 2, 6].map((szx) => ({
          ...{ to, what: `${name}: links in blocks of ${16 << szx}` },
          change: {
            code: Codes.GET,
            options: [
              segment(".well-known"),
              segment("core"),
              { number: OptionNumbers.block2, value: encodeBlock({ num: 0, more: false, szx }) },
            ],
          },
        })),
      ]);
    }
  });

  it("of messages of the exchange, new, repeated and forged", async () => {
    const { waiting, bundle } = at.bundle(1);
    const location = locationOf(await at.post(bundle));
    const [, name] = location.split("/");
    const forged = bundle.slice();
    forged[bundle.length - 1] ^= 1;
    const share = begin(w, 50).messages[0];
    const { bytes: forwarded } = forward(w, begin(w, 51), 1);
    const [mikey, octets] = [format(ContentFormats.mikey), format(ContentFormats.octetStream)];
    const to = at.gateway;
    const [first] = at.thirdParties;
    // R_I waits by now.
    await sleep(500);
    await all([
      { to, what: "a bundle again", change: { options: [segment("b"), octets], payload: bundle } },
      { to, what: "a forged bundle", change: { options: [segment("b"), octets], payload: forged } },
      {
        ...{ to, what: "R_I out of a mailbox" },
        change: { options: [segment("m"), segment(name)] },
      },
      {
        ...{ to, what: "a mailbox that is not there" },
        change: { options: [segment("m"), segment("AAAAAAAA")] },
      },
      {
        ...{ to: first, what: "I_TP", patience: PATIENCE },
        change: { options: [segment("mikey"), mikey], payload: waiting.messages[0] },
      },
      {
        ...{ to: first, what: "I_TP without a PSK" },
        change: { options: [segment("mikey"), mikey], payload: share },
      },
      {
        ...{ to: at.responder, what: "TP_R" },
        change: {
          options: [
            segment("mikey"),
            mikey,
            { number: OptionNumbers.block1, value: encodeBlock({ num: 0, more: true, szx: 6 }) },
          ],
          payload: forwarded.slice(0, 1024),
        },
      },
    ]);
  });

  it("of a sensor's own messages that wait for the Responder, repeated from elsewhere", async () => {
    await at.stop("responder");
    const { waiting, bundle } = at.bundle(2);
    const [, name] = locationOf(await at.post(bundle)).split("/");
    await sleep(300);
    const mikey = format(ContentFormats.mikey);
    const answers = all([
      {
        ...{ to: at.thirdParties[0], what: "I_TP that waits", patience: PATIENCE },
        change: { options: [segment("mikey"), mikey], payload: waiting.messages[0] },
      },
      {
        ...{ to: at.gateway, what: "who listens at a mailbox", patience: PATIENCE },
        change: {
          options: [segment("m"), segment(name), { number: OptionNumbers.uriQuery, value: ascii("w=9") }],
        },
      },
    ]);
    await sleep(1_000);
    await at.startResponder();
    await answers;
  });
});
