/** The sensor's end of the channel against a Responder made by hand, on a network that follows a script. */

import { SensorChannel } from "../../firmware/channel.js";
import type { Device, Link, Storage } from "../../firmware/device.js";
import type { Enrolment } from "../../firmware/enrolment.js";
import { KeptChannel } from "../../firmware/kept-channel.js";
import { encodeReading } from "../../firmware/readings.js";
import { ascii, fromHex, toHex } from "../../protocol/bytes.js";
import { decodeMessage, encodeMessage, type Message } from "../../protocol/coap/message.js";
import { Codes, OptionNumbers, Types } from "../../protocol/coap/numbers.js";
import { findOption } from "../../protocol/coap/options.js";
import { confirmedContext, confirmedSecrets, provisionalContext } from "../../protocol/exchange/channel.js";
import {
  beginExchange,
  FinishedInitiator,
  type WaitingInitiator,
} from "../../protocol/exchange/initiator.js";
import { sharingOf } from "../../protocol/exchange/policy.js";
import type { SecurityContext } from "../../protocol/oscore/context.js";
import type { CoapContent } from "../../protocol/oscore/message.js";
import { protectResponse, readRequestHeader, unprotectRequest } from "../../protocol/oscore/protect.js";
import { SEQUENCE_BLOCK } from "../../protocol/oscore/sender-sequence.js";
import { weightMatrix } from "../../protocol/shares/weights.js";
import { identity, policyOf, pskList, randomOf, responder } from "../protocol/exchange/parties.js";
import { deepEqual, equal, ok, throws } from "../support/assert.js";
import { primitives, steps } from "../support/primitives.js";
import { FakeClock } from "./simulation.js";

const policy = policyOf();
const confirmation = { nonce: fromHex("e0e1e2e3e4e5e6e7"), senderId: fromHex("f0f1f2f3") };
const ECHO = ascii("an echo");

/** What the Responder does with a request that it has opened; undefined: its answer is lost. */
type Behaviour = (opened: Opened) => { readonly code: number; readonly bare?: boolean } | undefined;

interface Opened {
  readonly confirmed: boolean;
  readonly number: number;
  readonly payload: string;
  readonly echo: string | undefined;
  /** The request's ciphertext, as it came. */
  readonly bytes: string;
}

class World {
  readonly clock = new FakeClock();
  readonly stored = new Map<string, Uint8Array>();
  readonly opened: Opened[] = [];
  readonly settled: [number, boolean][] = [];
  readonly log: string[] = [];
  behave: Behaviour = ({ confirmed }) => ({ code: Codes.changed, bare: !confirmed });
  links = 0;
  failing = false;
  #sequence = 0;
  #random = randomOf("channel");
  readonly enrolment: Enrolment = {
    policy,
    responder,
    responderAddress: "hospital",
    addresses: [],
    start: undefined,
    weights: weightMatrix(sharingOf(policy)),
    deadline: 20_000,
    names: { sensor: "sensor", thirdParties: [] },
  };
  readonly waiting: WaitingInitiator = beginExchange(
    steps,
    this.#random,
    { ...this.enrolment, psks: pskList(policy) },
    responder,
    7,
  );

  get device(): Device {
    const storage: Storage = {
      read: (name) => this.stored.get(name),
      write: (name, value) => {
        if (this.failing) throw new Error("flash did not take a value");
        this.log.push(`write ${name}`);
        this.stored.set(name, value.slice());
      },
    };
    return {
      primitives,
      steps,
      random: this.#random,
      clock: this.clock,
      storage,
      openLink: (onDatagram) => this.#link(onDatagram),
      trace: () => undefined,
    };
  }

  begin(): SensorChannel {
    return SensorChannel.begin(this.device, this.enrolment, this.waiting);
  }

  /** A reading whose contents are told by one letter. */
  post(channel: SensorChannel, letter: string): number {
    const number: number = channel.post(ascii(letter), (acknowledged) =>
      this.settled.push([number, acknowledged]),
    );
    return number;
  }

  confirm(channel: SensorChannel): void {
    const { session, provisionalKeys } = this.waiting;
    const finished = new FinishedInitiator(session, provisionalKeys, confirmation);
    channel.conclude({ confirmed: true, finished });
  }

  giveUp(channel: SensorChannel): void {
    channel.conclude({ confirmed: false, keys: this.waiting.provisionalKeys, reason: "no confirmation" });
  }

  #context(confirmed: boolean): SecurityContext {
    const { session, provisionalKeys: keys } = this.waiting;
    return confirmed
      ? confirmedContext(primitives, "responder", confirmedSecrets(primitives, keys, confirmation))
      : provisionalContext(primitives, "responder", session, keys);
  }

  #link(onDatagram: (peer: string, datagram: Uint8Array) => void): Link {
    this.links++;
    let open = true;
    return {
      send: (peer, datagram) => {
        ok(open, "the link is closed");
        equal(peer, "hospital");
        this.log.push("send");
        const answer = this.#answer(decodeMessage(datagram) as Message);
        if (answer !== undefined) this.clock.set(() => open && onDatagram(peer, answer), 40);
      },
      close: () => {
        open = false;
        this.links--;
      },
    };
  }

  #answer(message: Message): Uint8Array | undefined {
    equal(message.code, Codes.POST);
    const header = readRequestHeader(message);
    const confirmed = header.kidContext === undefined;
    const context = this.#context(confirmed);
    const request = unprotectRequest(primitives, context, header, message);
    deepEqual(request.options.slice(0, 2), [
      { number: OptionNumbers.uriPath, value: ascii("r") },
      { number: OptionNumbers.contentFormat, value: Uint8Array.of(112) },
    ]);
    const echo = findOption(request.options, OptionNumbers.echo);
    const opened = {
      confirmed,
      number: header.sequenceNumber,
      payload: String.fromCharCode(...request.payload),
      echo: echo && toHex(echo),
      bytes: toHex(message.payload),
    };
    this.opened.push(opened);
    const answer = this.behave(opened);
    if (answer === undefined) return undefined;
    const { code, bare = false } = answer;
    const content: CoapContent = {
      code,
      options: bare ? [] : [{ number: OptionNumbers.echo, value: ECHO }],
      payload: new Uint8Array(0),
    };
    const sent = bare ? content : protectResponse(primitives, context, header, content, this.#sequence++);
    const { messageId, token } = message;
    return encodeMessage({ type: Types.ACK, messageId, token, ...sent });
  }
}

const told = ({ opened }: World) =>
  opened.map(({ confirmed, number, payload }) => `${confirmed ? "c" : "p"}${number}${payload}`);

describe("the sensor's channel", () => {
  it("sends the first reading while the exchange goes on, and again with its number once it is confirmed", () => {
    const world = new World();
    const channel = world.begin();
    equal(world.post(channel, "a"), 0);
    world.clock.run(1000);
    deepEqual(told(world), ["p0a"]);
    deepEqual(world.settled, [], "nobody who can prove it has said that it came");
    world.confirm(channel);
    world.clock.run(1000);
    deepEqual(told(world), ["p0a", "c0a"]);
    deepEqual(world.settled, [[0, true]]);
    channel.close();
    deepEqual([world.links, world.clock.pending], [0, 0]);
  });

  it("does not wait for an answer to what it sent early", () => {
    const world = new World();
    world.behave = ({ confirmed }) => (confirmed ? { code: Codes.changed } : undefined);
    const channel = world.begin();
    world.post(channel, "a");
    world.clock.run(1000);
    world.confirm(channel);
    world.clock.run(100);
    deepEqual(world.settled, [[0, true]]);
    world.clock.run();
    deepEqual(told(world), ["p0a", "c0a"]);
  });

  it("stores the confirmed keys, and their first numbers, before it uses them", () => {
    const world = new World();
    const channel = world.begin();
    world.confirm(channel);
    equal(world.log.join(), "write channel");
    world.post(channel, "a");
    equal(world.log.join(), "write channel,write channel,send");
    for (let i = 1; i < SEQUENCE_BLOCK; i++) world.post(channel, "b");
    world.clock.run();
    equal(world.log.filter((line) => line !== "send").length, 2);
  });

  it("sends one after the other, each with the Echo of the answer before", () => {
    const world = new World();
    const channel = world.begin();
    world.confirm(channel);
    for (const letter of "abc") world.post(channel, letter);
    equal(world.opened.length, 1);
    world.clock.run();
    deepEqual(told(world), ["c0a", "c1b", "c2c"]);
    deepEqual(
      world.opened.map(({ echo }) => echo),
      [undefined, toHex(ECHO), toHex(ECHO)],
    );
    deepEqual(
      world.settled,
      [0, 1, 2].map((number) => [number, true] as [number, boolean]),
    );
  });

  it("repeats the same bytes when the answer is lost, is not protected, or is somebody else's", () => {
    const world = new World();
    const answers: (ReturnType<Behaviour> | "silence")[] = [
      { code: Codes.changed, bare: true },
      { code: Codes.unauthorized, bare: true },
      { code: Codes.changed },
    ];
    world.behave = () => answers[world.opened.length - 1] as ReturnType<Behaviour>;
    const channel = world.begin();
    world.confirm(channel);
    world.post(channel, "a");
    world.clock.run();
    deepEqual(told(world), ["c0a", "c0a", "c0a"]);
    equal(new Set(world.opened.map(({ bytes }) => bytes)).size, 1);
    deepEqual(world.settled, [[0, true]]);
  });

  it("gives a reading up after minutes of silence, and goes on with the next", () => {
    const world = new World();
    world.behave = ({ payload }) => (payload === "a" ? undefined : { code: Codes.changed });
    const channel = world.begin();
    world.confirm(channel);
    world.post(channel, "a");
    world.post(channel, "b");
    world.clock.run();
    equal(world.opened.filter(({ payload }) => payload === "a").length, 20);
    equal(new Set(world.opened.map(({ bytes }) => bytes)).size, 2);
    deepEqual(world.settled, [
      [0, false],
      [1, true],
    ]);
    equal(world.clock.pending, 0);
  });

  it("takes a refusal under protection for what it is", () => {
    const world = new World();
    world.behave = () => ({ code: Codes.badRequest });
    const channel = world.begin();
    world.confirm(channel);
    world.post(channel, "a");
    world.clock.run();
    deepEqual(told(world), ["c0a"]);
    deepEqual(world.settled, [[0, false]]);
  });

  it("answers a challenge with the Echo, under a new number (RFC 8613 B.1.2)", () => {
    const world = new World();
    world.behave = ({ echo }) => ({ code: echo === undefined ? Codes.unauthorized : Codes.changed });
    const channel = world.begin();
    world.confirm(channel);
    world.post(channel, "a");
    world.post(channel, "b");
    world.clock.run();
    deepEqual(told(world), ["c0a", "c2a", "c1b"]);
    equal(world.settled.filter(([, acknowledged]) => acknowledged).length, 2);
    world.behave = () => ({ code: Codes.unauthorized });
    world.settled.length = 0;
    world.post(channel, "c");
    world.clock.run();
    deepEqual(
      world.settled.map(([, acknowledged]) => acknowledged),
      [false],
      "not for ever",
    );
  });

  it("goes on without acknowledgements when the exchange is not confirmed", () => {
    const world = new World();
    const channel = world.begin();
    world.post(channel, "a");
    world.clock.run(1000);
    world.giveUp(channel);
    world.post(channel, "b");
    world.clock.run();
    deepEqual(told(world), ["p0a", "p1b"]);
    deepEqual(world.settled, [
      [0, false],
      [1, false],
    ]);
    equal(world.stored.size, 0, "keys that nobody confirmed are not kept");
  });

  it("takes up the confirmed keys after a reset, and no number that was used", () => {
    const world = new World();
    const first = world.begin();
    world.post(first, "a");
    world.clock.run(100);
    world.confirm(first);
    world.clock.run();
    const numbers = new Set<string>();
    const check = () => {
      for (const { confirmed, number, bytes } of world.opened.splice(0)) {
        if (!confirmed) continue;
        ok(!numbers.has(`${number}`), `${number} twice`);
        numbers.add(`${number}`);
        ok(bytes.length > 0);
      }
    };
    check();
    for (let life = 1; life <= 5; life++) {
      const channel = SensorChannel.resume(world.device, world.enrolment);
      ok(channel !== undefined);
      equal(channel.t, 7);
      for (let i = 0; i < life; i++) world.post(channel, "b");
      world.clock.run();
      check();
      channel.close();
    }
    equal(numbers.size, 1 + 1 + 2 + 3 + 4 + 5);
  });

  it("has nothing to take up without a confirmed exchange, or with another Responder", () => {
    const world = new World();
    equal(SensorChannel.resume(world.device, world.enrolment), undefined);
    world.confirm(world.begin());
    const other = { ...world.enrolment, responder: identity("clinic") };
    equal(SensorChannel.resume(world.device, other), undefined);
    const stored = world.stored.get("channel") as Uint8Array;
    for (const damaged of [new Uint8Array(1), stored.subarray(0, 20), stored.slice().fill(1, 0, 1)]) {
      world.stored.set("channel", damaged);
      throws(() => SensorChannel.resume(world.device, world.enrolment), /another format/);
    }
    KeptChannel.forget(world.device.storage);
    equal(SensorChannel.resume(world.device, world.enrolment), undefined);
  });

  it("sends nothing whose number it could not store", () => {
    const world = new World();
    const channel = world.begin();
    world.confirm(channel);
    world.failing = true;
    throws(() => world.post(channel, "a"), /flash did not take/);
    equal(world.opened.length, 0);
    const fresh = new World();
    const unconfirmed = fresh.begin();
    fresh.failing = true;
    throws(() => fresh.confirm(unconfirmed), /flash did not take/);
  });

  it("needs an address of the Responder, and leaves no link behind without entropy", () => {
    const world = new World();
    const { responderAddress: _, ...homeless } = world.enrolment;
    throws(() => SensorChannel.begin(world.device, homeless, world.waiting), /no address of the Responder/);
    const random = () => {
      throw new Error("no entropy");
    };
    throws(
      () => SensorChannel.begin({ ...world.device, random }, world.enrolment, world.waiting),
      /no entropy/,
    );
    equal(world.links, 0);
  });

  it("is silent once it is closed", () => {
    const world = new World();
    const channel = world.begin();
    world.confirm(channel);
    world.post(channel, "a");
    channel.close();
    channel.close();
    world.clock.run();
    deepEqual(world.settled, []);
    equal(world.clock.pending, 0);
  });
});

describe("a reading on the wire", () => {
  it("is SenML in CBOR: name, unit, value, with decimal fractions", () => {
    const pack = encodeReading([
      { name: "heart-rate", unit: "beat/min", value: 72, decimals: 0 },
      { name: "temperature", unit: "Cel", value: 367, decimals: 1 },
    ]);
    equal(
      toHex(pack),
      "82a3006a68656172742d726174650168626561742f6d696e021848" +
        "a3006b74656d706572617475726501634365" +
        "6c02c4822019016f",
    );
  });

  it("bears its time where the board knows it, in the first record", () => {
    const measurement = { name: "a", unit: "Cel", value: 1, decimals: 0 };
    equal(
      toHex(encodeReading([measurement, measurement], 0x65000000)),
      "82a4221a6500000000616101634365" + "6c0201a30061610163" + "43656c0201",
    );
  });
});
