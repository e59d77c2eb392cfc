/** A server's window before and after a restart (RFC 8613 §8.2, appendix B.1.2), and Echo (RFC 9175). */

import { ascii, fromHex } from "../../../protocol/bytes.js";
import { Codes, OptionNumbers } from "../../../protocol/coap/numbers.js";
import { findOption } from "../../../protocol/coap/options.js";
import { deriveContext } from "../../../protocol/oscore/context.js";
import { EchoValues } from "../../../protocol/oscore/echo.js";
import { OscoreError, type OscoreReason } from "../../../protocol/oscore/errors.js";
import type { CoapContent } from "../../../protocol/oscore/message.js";
import {
  protectRequest,
  protectResponse,
  readRequestHeader,
  unprotectResponse,
} from "../../../protocol/oscore/protect.js";
import { NEW_WINDOW, type WindowState } from "../../../protocol/oscore/replay-window.js";
import { challenge, type Received, receiveRequest } from "../../../protocol/oscore/server.js";
import { deepEqual, equal, ok, throws } from "../../support/assert.js";
import { primitives } from "../../support/primitives.js";

const input = { masterSecret: new Uint8Array(16).fill(9) };
const [a, b] = [fromHex("01"), fromHex("02")];
const client = deriveContext(primitives, { ...input, senderId: a, recipientId: b });
const context = deriveContext(primitives, { ...input, senderId: b, recipientId: a });
const FRESH = 60_000;

/** A server that keeps its window in memory, so that a restart loses it. */
class Server {
  window: WindowState | undefined = NEW_WINDOW;
  now = 5_000_000;
  #echo = new EchoValues(primitives, new Uint8Array(32).fill(1));

  restart(): void {
    this.window = undefined;
    this.#echo = new EchoValues(primitives, new Uint8Array(32).fill(2));
  }

  get #options() {
    return { context, window: this.window, echo: this.#echo, now: this.now, freshFor: FRESH };
  }

  receive(message: CoapContent): Received {
    const received = receiveRequest(primitives, readRequestHeader(message), message, this.#options);
    if (received.kind === "accepted") this.window = received.window;
    return received;
  }

  challenge(): CoapContent {
    return challenge(this.#options);
  }
}

function request(number: number, echo?: Uint8Array) {
  const options = echo === undefined ? [] : [{ number: OptionNumbers.echo, value: echo }];
  return protectRequest(primitives, client, number, { code: Codes.POST, options, payload: ascii("72") });
}
const refused = (reason: OscoreReason, call: () => unknown) =>
  equal((throws(call, OscoreError) as OscoreError).reason, reason);
const echoOf = ({ options }: CoapContent) => findOption(options, OptionNumbers.echo) as Uint8Array;

describe("OSCORE: a server", () => {
  it("accepts a number once, in any order, and tells a repetition from what is too old", () => {
    const server = new Server();
    for (const number of [0, 5, 3, 40]) {
      const received = server.receive(request(number).message);
      ok(received.kind === "accepted" && !received.fresh, `${number}`);
      deepEqual(received.request.payload, ascii("72"));
      equal(server.receive(request(number).message).kind, "duplicate");
    }
    refused("replay", () => server.receive(request(8).message));
    equal(server.receive(request(9).message).kind, "accepted");
  });

  it("keeps its window for a message that does not open", () => {
    const server = new Server();
    const { message } = request(7);
    const payload = message.payload.slice();
    payload[0] ^= 1;
    refused("decryption", () => server.receive({ ...message, payload }));
    deepEqual(server.window, NEW_WINDOW);
    equal(server.receive(message).kind, "accepted");
  });

  it("challenges after a restart, and accepts only what bears the Echo", () => {
    const server = new Server();
    const old = [1, 2, 3].map((number) => request(number).message);
    for (const message of old) server.receive(message);
    server.restart();
    // What was heard before can't be played in.
    for (const message of old) equal(server.receive(message).kind, "challenge");
    const asked = request(4);
    equal(server.receive(asked.message).kind, "challenge");
    const reply = protectResponse(primitives, context, asked.binding, server.challenge(), 17);
    const opened = unprotectResponse(primitives, client, asked.binding, reply);
    equal(opened.code, Codes.unauthorized);
    const again = server.receive(request(5, echoOf(opened)).message);
    ok(again.kind === "accepted" && again.fresh);
    // The lower end of the window is this number.
    equal(server.receive(asked.message).kind, "duplicate");
    for (const message of old) equal(server.receive(message).kind, "duplicate");
    equal(server.receive(request(6).message).kind, "accepted");
  });

  it("challenges again for an Echo that is old, altered, or of before the restart", () => {
    const server = new Server();
    const before = echoOf(server.challenge());
    server.restart();
    const value = echoOf(server.challenge());
    const altered = value.slice();
    altered[0] ^= 1;
    for (const [i, echo] of [before, altered, value.subarray(1), new Uint8Array(0)].entries()) {
      equal(server.receive(request(i, echo).message).kind, "challenge");
    }
    server.now += FRESH + 1;
    equal(server.receive(request(10, value).message).kind, "challenge");
    equal(server.receive(request(11, echoOf(server.challenge())).message).kind, "accepted");
  });

  it("calls a request fresh for as long as its Echo is", () => {
    const server = new Server();
    const value = echoOf(server.challenge());
    const freshAt = (number: number, milliseconds: number) => {
      server.now += milliseconds;
      const received = server.receive(request(number, value).message);
      return received.kind === "accepted" && received.fresh;
    };
    equal(freshAt(0, 0), true);
    equal(freshAt(1, FRESH - 1000), true);
    equal(freshAt(2, 1001), false);
  });

  it("issues an Echo to one client only", () => {
    const values = new EchoValues(primitives, new Uint8Array(32));
    const value = values.issue(a, 1234);
    equal(values.age(a, value, 3000), 2000);
    equal(values.age(b, value, 3000), undefined);
    equal(values.age(a, values.issue(a, 50 * 86_400_000), 50 * 86_400_000), 0);
  });
});
