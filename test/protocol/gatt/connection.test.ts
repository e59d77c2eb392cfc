/** Both ends of a CoAP-over-GATT connection: the draft's flow, then pipes that drop and delay as Bluetooth may. */

import fc from "fast-check";
import { ascii, fromHex, toHex, uint } from "../../../protocol/bytes.js";
import { Codes } from "../../../protocol/coap/numbers.js";
import { type GattAction, GattConnection } from "../../../protocol/gatt/connection.js";
import { type Content, decodeGatt } from "../../../protocol/gatt/message.js";
import { deepEqual, equal, ok, throws } from "../../support/assert.js";

const nothing = fromHex("");
const request = (token: string): Content => ({
  code: Codes.GET,
  token: fromHex(token),
  options: [],
  payload: nothing,
});
const response = (token: string, text: string): Content => ({
  code: Codes.content,
  token: fromHex(token),
  options: [],
  payload: ascii(text),
});

/** The values of an end, handed to the other. */
function values(actions: readonly GattAction[]): Uint8Array[] {
  return actions.flatMap((action) => (action.kind === "value" ? [action.value] : []));
}
function kinds(actions: readonly GattAction[]): string[] {
  return actions.map(({ kind }) => kind);
}
/** "M1 C1 A0" of a value, with its token. */
function bits(value: Uint8Array): string {
  const message = decodeGatt(value);
  ok(message !== undefined);
  const { messageId, confirm, acknowledged, content } = message;
  const token = content === undefined ? "empty" : `T${toHex(content.token)}`;
  return `M${messageId} C${confirm ? 1 : 0} A${acknowledged} ${token}`;
}

describe("CoAP over GATT: a connection", () => {
  it("goes as the draft's example flow", () => {
    const client = new GattConnection();
    const server = new GattConnection();
    const flow: string[] = [];
    const carry = (from: GattConnection, to: GattConnection): GattAction[] => {
      const [value, ...rest] = values(from.take());
      equal(rest.length, 0);
      flow.push(bits(value));
      to.receive(0, value);
      return [];
    };
    client.send(0, request("01"));
    carry(client, server);
    server.send(0, response("01", "first"), { reliable: false });
    carry(server, client);
    client.send(0, request("02"));
    carry(client, server);
    server.send(0, response("02", "second"));
    carry(server, client);
    carry(client, server);
    deepEqual(flow, ["M1 C1 A0 T01", "M1 C0 A1 T01", "M0 C1 A0 T02", "M1 C1 A0 T02", "M0 C0 A1 empty"]);
    deepEqual(kinds(server.take()), ["acknowledged"]);
    equal(client.nextWake(), undefined);
    equal(server.nextWake(), undefined);
  });

  it("hands over each message once, and tells when the peer has it", () => {
    const client = new GattConnection();
    const server = new GattConnection();
    const handle = client.send(0, request("01"));
    const [value] = values(client.take());
    server.receive(0, value);
    const heard = server.take();
    deepEqual(kinds(heard), ["message", "value"]);
    deepEqual(heard[0], { kind: "message", content: request("01") });
    // The acknowledgement is lost: the same value comes again, and is acknowledged again.
    equal(client.nextWake(), 500);
    client.tick(500);
    const [again] = values(client.take());
    deepEqual(again, value);
    server.receive(500, again);
    const [acknowledgement, ...rest] = server.take();
    deepEqual(rest, []);
    ok(acknowledgement.kind === "value");
    equal(bits(acknowledgement.value), "M1 C0 A1 empty");
    client.receive(500, acknowledgement.value);
    deepEqual(client.take(), [{ kind: "acknowledged", handle }]);
  });

  it("sends one reliable message at a time, and an unreliable one only in between", () => {
    const end = new GattConnection();
    end.send(0, request("01"));
    end.send(0, request("02"));
    equal(values(end.take()).length, 1);
    throws(() => end.send(0, request("03"), { reliable: false }), RangeError);
    end.receive(0, fromHex("10"));
    const actions = end.take();
    deepEqual(kinds(actions), ["acknowledged", "value"]);
    equal(bits(values(actions)[0]), "M0 C1 A0 T02");
  });

  it("knows a reliable message again, though its A has changed and others came in between", () => {
    const end = new GattConnection();
    end.receive(0, fromHex("610101"));
    end.take();
    end.receive(0, fromHex("4001ff61"));
    equal(kinds(end.take()).join(), "message");
    end.receive(0, fromHex("710101"));
    deepEqual(kinds(end.take()), ["value"]);
    end.receive(0, fromHex("310101"));
    deepEqual(kinds(end.take()), ["message", "value"]);
  });

  it("takes a first message of a peer that begins with M0", () => {
    const end = new GattConnection();
    end.receive(0, fromHex("210101"));
    const actions = end.take();
    deepEqual(kinds(actions), ["message", "value"]);
    equal(bits(values(actions)[0]), "M1 C0 A0 empty");
  });

  it("ignores an unreliable value that is identical to the one before", () => {
    const end = new GattConnection();
    for (const hex of ["4001", "4001", "4002", "4001"]) end.receive(0, fromHex(hex));
    deepEqual(kinds(end.take()), ["message", "message", "message"]);
  });

  it("is lost when the peer never answers, and then takes no more", () => {
    const end = new GattConnection({ retransmitAfter: 100, maxRetransmit: 3 });
    end.send(0, request("01"));
    end.send(0, request("02"));
    let now = 0;
    let sent = values(end.take()).length;
    for (let wake = end.nextWake(); wake !== undefined; wake = end.nextWake()) {
      now = wake;
      end.tick(now);
      const actions = end.take();
      sent += values(actions).length;
      if (end.nextWake() === undefined) deepEqual(actions, [{ kind: "lost" }]);
    }
    deepEqual([now, sent], [400, 4]);
    throws(() => end.send(now, request("03")), { message: "connection: it is lost" });
  });

  it("bounds what waits, and refuses what is too long at once", () => {
    const end = new GattConnection();
    for (let i = 0; i < 17; i++) end.send(0, request("01"));
    throws(() => end.send(0, request("01")), { type: RangeError, message: "messages: 16 are waiting" });
    const long = { ...request("01"), payload: new Uint8Array(600) };
    throws(() => new GattConnection().send(0, long), RangeError);
  });

  it("ignores what is malformed or reserved, and says why", () => {
    const end = new GattConnection();
    for (const hex of ["", "01", "80", "e10101"]) end.receive(0, fromHex(hex));
    deepEqual(kinds(end.take()), ["ignored", "ignored", "ignored", "ignored"]);
  });

  it("never throws for a value, and never has more than one value for each that came", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 12 }), { maxLength: 40 }), (received) => {
        const end = new GattConnection();
        let sent = 0;
        received.forEach((value, i) => {
          end.receive(i, value);
          sent += values(end.take()).length;
        });
        ok(sent <= received.length);
        equal(end.nextWake(), undefined);
      }),
    );
  });
});

/** A pipe between two ends: each direction keeps its order, but drops and delays. */
class Pipe {
  readonly ends = [
    new GattConnection({ maxRetransmit: 1_000 }),
    new GattConnection({ maxRetransmit: 1_000 }),
  ] as const;
  readonly heard: string[][] = [[], []];
  now = 0;
  readonly #way: { readonly at: number; readonly to: 0 | 1; readonly value: Uint8Array }[] = [];
  readonly #latest = [0, 0];

  constructor(
    private readonly random: () => number,
    private readonly drop: readonly [number, number],
  ) {}

  work(): void {
    for (const side of [0, 1] as const) {
      for (const action of this.ends[side].take()) {
        if (action.kind === "message") this.heard[side].push(toHex(action.content.token));
        if (action.kind === "lost") throw new Error("lost");
        if (action.kind !== "value" || this.random() < this.drop[side]) continue;
        const to = side === 0 ? 1 : 0;
        // In order within one direction; the other direction may overtake.
        this.#latest[side] = Math.max(this.#latest[side], this.now + this.random() * 900);
        this.#way.push({ at: this.#latest[side], to, value: action.value });
      }
    }
  }

  /** Runs until nothing is under way. */
  run(): void {
    for (;;) {
      this.work();
      const wakes = this.ends.map((end) => end.nextWake()).filter((wake) => wake !== undefined);
      const next = Math.min(...wakes, ...this.#way.map(({ at }) => at));
      if (next === Number.POSITIVE_INFINITY) return;
      this.now = Math.max(this.now, next);
      const due = this.#way.findIndex(({ at }) => at <= this.now);
      if (due >= 0) {
        const [{ to, value }] = this.#way.splice(due, 1);
        this.ends[to].receive(this.now, value);
      } else for (const end of this.ends) end.tick(this.now);
    }
  }
}

describe("CoAP over GATT: a pipe that drops and delays", () => {
  it("brings every reliable message of both ends once and in order", () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.integer({ min: 0, max: 60 }),
        fc.integer({ min: 0, max: 60 }),
        fc.array(fc.boolean(), { maxLength: 14 }),
        (seed, up, down, senders) => {
          let state = seed;
          const random = () => {
            state = (Math.imul(state, 1664525) + 1013904223) | 0;
            return (state >>> 8) / 2 ** 24;
          };
          const pipe = new Pipe(random, [up / 100, down / 100]);
          const expected: string[][] = [[], []];
          senders.forEach((first, i) => {
            const token = toHex(uint(i, 2));
            pipe.ends[first ? 0 : 1].send(pipe.now, request(token));
            expected[first ? 1 : 0].push(token);
            if (i % 3 === 0) pipe.work();
          });
          pipe.run();
          deepEqual(pipe.heard, expected);
        },
      ),
    );
  });
});
