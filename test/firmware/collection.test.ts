/** What a sensor that sleeps collects out of its mailbox: requests, late answers, triggers, and what is none of them. */

import type { ApplicationEvent, ApplicationOptions } from "../../firmware/application.js";
import type { Device } from "../../firmware/device.js";
import { TRIGGER_PAUSE } from "../../firmware/duty.js";
import { sleepersWay } from "../../firmware/gateway.js";
import { ascii, concat, readUint, toHex } from "../../protocol/bytes.js";
import { decodeMessage as decodeCoap } from "../../protocol/coap/message.js";
import { Codes, ContentFormats, OptionNumbers } from "../../protocol/coap/numbers.js";
import { readBundleHead } from "../../protocol/exchange/bundle-parts.js";
import { identity } from "../protocol/exchange/parties.js";
import { deepEqual, equal, ok } from "../support/assert.js";
import { Board, INTERVAL } from "./board.js";
import { policy } from "./fake-gateway.js";
import { GATEWAY, honest, type World } from "./simulation.js";
import { triggerOf, Ward } from "./ward.js";

/** A sensor with a gateway, and its Responder. */
class Scene {
  readonly ward = new Ward();
  readonly gateway = this.ward.gateway;
  readonly board: Board;

  constructor(options: Partial<ApplicationOptions> = {}, change?: (device: Device) => Device) {
    this.board = new Board([honest, honest, honest], { way: sleepersWay, ...options }, change, {
      policy,
      gateway: this.gateway.hear,
    });
  }

  get world(): World {
    return this.board.world;
  }

  /** The T of the next exchange. */
  get nextT(): number {
    return readUint(this.world.stored.get("chain") as Uint8Array, 8, 4);
  }

  wake(times = 1): readonly ApplicationEvent[] {
    let events: readonly ApplicationEvent[] = [];
    for (let i = 0; i < times; i++) events = this.board.wake();
    return events;
  }

  trigger(payload: Uint8Array): void {
    this.gateway.put(ContentFormats.trigger, payload);
  }
}

/** With a session, and an empty mailbox. */
function settled(options?: Partial<ApplicationOptions>, change?: (device: Device) => Device): Scene {
  const scene = new Scene(options, change);
  scene.wake(2);
  ok(scene.board.acknowledged);
  equal(scene.gateway.mailbox.length, 0);
  return scene;
}

const of = <Kind extends ApplicationEvent["event"]>(events: readonly ApplicationEvent[], kind: Kind) =>
  events.filter((event): event is Extract<ApplicationEvent, { event: Kind }> => event.event === kind);
const kinds = (events: readonly ApplicationEvent[]) => events.map(({ event }) => event);
const reasons = (events: readonly ApplicationEvent[]) =>
  of(events, "refused").map(({ message, reason }) => `${message}: ${reason}`);
/** Whether an exchange began. */
const exchanges = (events: readonly ApplicationEvent[]) => of(events, "message").length > 0;

describe("a sensor that sleeps", () => {
  it("asks for nothing where nothing waits, and once for R_I to be forgotten", () => {
    const scene = settled();
    const { gateway, world } = scene;
    deepEqual(gateway.collected, [1]);
    const before = gateway.collections;
    const sent = world.sentTo(GATEWAY.address).length;
    scene.wake(5);
    equal(gateway.collections, before);
    equal(world.sentTo(GATEWAY.address).length, sent + 5);
  });

  it("answers what waits behind R_I in the same wake-up", () => {
    const scene = new Scene();
    scene.wake();
    const number = scene.ward.ask({ kind: "reading" });
    const events = scene.wake();
    deepEqual(kinds(events), ["finished", "resumed", "reading", "request", "sleeping"]);
    deepEqual(scene.ward.answers, [`${number} 2.05 senml`]);
    equal(scene.gateway.mailbox.length, 0);
  });

  it("answers under the session that it has while R_I of the next is to come, and leaves R_I where it is", () => {
    const scene = settled({ exchangeEvery: 3 });
    const { gateway, ward } = scene;
    gateway.delivers = false;
    let events = scene.wake();
    for (let i = 0; i < 6 && !exchanges(events); i++) events = scene.wake();
    ok(exchanges(events));
    const number = ward.ask({ kind: "interval" });
    gateway.put(ContentFormats.octetStream, new Uint8Array(20));
    scene.wake();
    deepEqual(ward.answers, [`${number} 2.05 60`]);
    deepEqual(
      gateway.mailbox.map(({ format }) => format),
      [ContentFormats.octetStream],
    );
    deepEqual(
      of(scene.wake(), "refused").map(({ message }) => message),
      ["R_I"],
    );
    equal(gateway.mailbox.length, 0);
  });

  it("measures anew, tells and takes its interval, refuses what it has not, all in one wake-up", () => {
    let measured = 0;
    const sense = () => [{ name: "n", unit: "Cel", value: ++measured, decimals: 0 }];
    const scene = settled({ sense });
    const { ward } = scene;
    const odd = (code: number, path: string, payload = "") => ({
      code,
      options: [{ number: OptionNumbers.uriPath, value: ascii(path) }],
      payload: ascii(payload),
    });
    const block = { number: OptionNumbers.block1, value: Uint8Array.of(6) };
    const read = odd(Codes.GET, "r");
    const before = measured;
    const first = ward.ask({ kind: "reading" });
    for (const request of [
      { kind: "interval" } as const,
      { kind: "setInterval", seconds: 300 } as const,
      { kind: "interval" } as const,
      odd(Codes.GET, "elsewhere"),
      odd(Codes.POST, "interval"),
      odd(Codes.PUT, "interval", "0"),
      { ...read, options: [...read.options, block] },
    ]) {
      ward.ask(request);
    }
    const events = scene.wake();
    const expected = ["2.05 senml", "2.05 60", "2.04", "2.05 300", "4.04", "4.05", "4.00", "4.02"];
    deepEqual(
      ward.answers,
      expected.map((answer, i) => `${first + i} ${answer}`),
    );
    equal(measured, before + 2);
    deepEqual(
      of(events, "request").map(({ number, code }) => `${number} ${code}`),
      expected.map((answer, i) => `${first + i} ${answer.slice(0, 4)}`),
    );
    // It takes effect at once, and outlasts the reboot that each wake-up is.
    for (let i = 0; i < 2; i++) {
      equal(of(scene.board.events.slice(-1), "sleeping")[0].milliseconds, 300_000);
      scene.wake();
    }
    ok(scene.board.acknowledged);
  });

  it("agrees on new keys at the next wake-up, when it is asked to", () => {
    const scene = settled();
    scene.ward.ask({ kind: "exchange" });
    ok(!exchanges(scene.wake()));
    ok(exchanges(scene.wake()));
    for (let i = 0; i < 4; i++) ok(!exchanges(scene.wake()));
    equal(scene.ward.sessions, 2);
    ok(scene.board.acknowledged);
    equal(scene.world.stored.get("duty")?.join(), "0,0,0,0,0");
  });

  it("takes each request once, in order, and none of another session or of anybody else", () => {
    const scene = settled();
    const { ward, gateway } = scene;
    const number = ward.ask({ kind: "setInterval", seconds: 5 });
    const [{ payload }] = gateway.mailbox;
    scene.wake();
    deepEqual(ward.answers, [`${number} 2.04`]);
    const carried = (bytes: Uint8Array) => gateway.put(ContentFormats.oscore, bytes);
    const damaged = (at: number, of = ward.request({ kind: "exchange" }, 1e9, 900)) => {
      const bytes = of.slice();
      bytes[at < 0 ? bytes.length + at : at] ^= 1;
      return bytes;
    };
    carried(payload);
    carried(ward.request({ kind: "exchange" }, 1e9, number - 1));
    carried(damaged(-1));
    // Another number in the option, and another kid.
    carried(damaged(3));
    carried(damaged(5));
    carried(Uint8Array.of(7));
    carried(ascii("\x02what"));
    const replayed = reasons(scene.wake());
    deepEqual(
      replayed.map((reason) => reason.replace(/:.*/, "")),
      [...new Array(5).fill("request"), ...new Array(2).fill("message")],
    );
    ok(/no newer than the last/.test(replayed[0]) && /no newer than the last/.test(replayed[1]));
    equal(ward.answers.length, 1);
    // Under the keys before.
    const old = ward.request({ kind: "setInterval", seconds: 9 }, 1e9, 1000);
    ward.ask({ kind: "exchange" });
    scene.wake(3);
    equal(ward.sessions, 2);
    carried(old);
    deepEqual(reasons(scene.wake()).length, 1);
    equal(of(scene.board.events.slice(-1), "sleeping")[0].milliseconds, 5_000);
    // Numbers begin anew with the keys.
    carried(ward.request({ kind: "interval" }, 1e9, 0));
    scene.wake();
    equal(ward.answers[ward.answers.length - 1], "0 2.05 5");
  });

  it("takes no request after the number up to which it is good", () => {
    const scene = settled();
    const { ward } = scene;
    const next = (ward.highest & ~31) + 33;
    for (const until of [next, next, next - 1, 0]) ward.ask({ kind: "interval" }, until);
    scene.wake();
    // Each answer takes a number, too.
    deepEqual(
      ward.answers.map((answer) => answer.split(" ")[1]),
      ["2.05", "4.12", "4.12", "4.12"],
    );
  });

  it("takes eight messages in a wake-up, and goes on in the next", () => {
    const scene = settled();
    for (let i = 0; i < 10; i++) scene.ward.ask({ kind: "interval" });
    scene.wake();
    deepEqual([scene.ward.answers.length, scene.gateway.mailbox.length], [8, 2]);
    scene.wake();
    deepEqual([scene.ward.answers.length, scene.gateway.mailbox.length], [10, 0]);
  });

  it("does not ask a gateway that is silent, and ends with one that says the same for ever", () => {
    const scene = settled();
    const { gateway, ward } = scene;
    ward.ask({ kind: "interval" });
    const before = gateway.collections;
    gateway.answers = false;
    scene.wake();
    equal(gateway.collections, before);
    gateway.answers = true;
    scene.wake();
    equal(ward.answers.length, 1);
    gateway.put(12345, ascii("what is that"));
    gateway.put(ContentFormats.octetStream, new Uint8Array(20));
    deepEqual(reasons(scene.wake()), ["message: Content-Format 12345"]);
    for (let i = 0; i < 100; i++) gateway.put(ContentFormats.octetStream, new Uint8Array(20));
    const collections = gateway.collections;
    scene.wake();
    equal(gateway.collections, collections + 9);
    ok(scene.board.acknowledged);
  });

  it("hears of late answers, of this wake-up and the one before, and of no older ones", () => {
    const scene = settled();
    const { ward, gateway } = scene;
    ward.late = true;
    for (let i = 0; i < 6; i++) {
      const events = scene.wake();
      ok(scene.board.acknowledged, `${i}`);
      ok(of(events, "late").every(({ acknowledged }) => acknowledged));
    }
    equal(scene.world.stored.get("duty")?.join(), "0,0,0,0,0");
    // A gateway that says it again and again does not hide that the Responder has lost its keys.
    const [number] = of(scene.board.events, "late")
      .slice(-1)
      .map(({ number }) => number);
    ward.lost = true;
    ward.late = false;
    gateway.put(ContentFormats.oscore, lastAnswer(scene));
    const heard: boolean[] = [];
    for (let i = 0; i < 3; i++) {
      const events = scene.wake();
      const [late] = of(events, "late");
      equal(late.number, number);
      heard.push(late.acknowledged);
      gateway.put(ContentFormats.oscore, lastAnswer(scene));
    }
    deepEqual(heard, [true, false, false]);
    equal(scene.world.stored.get("duty")?.[2], 2);
    ok(!scene.board.acknowledged);
  });

  it("shows that an answer is fresh with an Echo of this wake-up, out of a late answer too, but of no earlier one", () => {
    const scene = settled();
    const { ward } = scene;
    ward.late = true;
    scene.wake();
    const stale = ward.given.length;
    ward.late = false;
    // What came late for the wake-up before stands before the request.
    scene.gateway.put(ContentFormats.oscore, lastAnswer(scene));
    ward.ask({ kind: "interval" });
    scene.wake();
    deepEqual(ward.echoed, [ward.given[stale]]);
    ward.late = true;
    const before = ward.given.length;
    const put = scene.gateway.put.bind(scene.gateway);
    // The request behind the late answer to this wake-up's reading.
    scene.gateway.put = (format, payload) => {
      put(format, payload);
      if (ward.given.length !== before + 1) return;
      scene.gateway.put = put;
      ward.ask({ kind: "interval" });
    };
    scene.wake();
    ok(ward.given.slice(before).includes(ward.echoed[1] ?? ""), `${ward.echoed}`);
  });

  it("answers 5.00 when its sensor fails, and sleeps at once when its storage does", () => {
    let broken = false;
    const sense = () => {
      if (broken) throw new Error("it broke");
      broken = true;
      return [{ name: "n", unit: "Cel", value: 1, decimals: 0 }];
    };
    const scene = new Scene({ sense });
    for (let i = 0; i < 2; i++) {
      broken = false;
      scene.wake();
    }
    const number = scene.ward.ask({ kind: "reading" });
    broken = false;
    scene.wake();
    deepEqual(scene.ward.answers, [`${number} 5.00`]);

    let full = false;
    const change = (device: Device): Device => ({
      ...device,
      storage: {
        read: (name) => device.storage.read(name),
        write(name, value) {
          if (full && name === "interval") throw new Error("flash: full");
          device.storage.write(name, value);
        },
      },
    });
    const other = settled({}, change);
    other.ward.ask({ kind: "setInterval", seconds: 5 });
    full = true;
    const [sleeping] = of(other.wake(), "sleeping");
    deepEqual([sleeping.reason, sleeping.milliseconds], ["flash: full", INTERVAL]);
    // It was taken, and is not done later.
    full = false;
    other.wake();
    equal(other.ward.answers.length, 0);
    equal(other.world.stored.has("interval"), false);
  });

  it("does each request at most once, and uses no number twice, wherever power is cut", () => {
    const ask = ({ ward }: Scene) => {
      ward.ask({ kind: "setInterval", seconds: 5 });
      ward.ask({ kind: "reading" });
      ward.ask({ kind: "exchange" });
    };
    const whole = settled();
    const from = whole.board.operations;
    ask(whole);
    whole.wake(4);
    const operations = whole.board.operations - from;
    ok(operations > 40, `${operations}`);
    for (let cut = 0; cut < operations; cut++) {
      const scene = settled();
      const { board, ward, gateway } = scene;
      ask(scene);
      const begun = gateway.bundles.length;
      board.cutAt = board.operations + cut;
      scene.wake(6);
      board.cutAt = Number.POSITIVE_INFINITY;
      for (const [seal, contents] of board.seals) equal(contents.size, 1, seal);
      const done = of(board.events, "request").map(({ number }) => number);
      equal(new Set(done).size, done.length, `${cut}: ${done}`);
      const answered = ward.answers.map((answer) => answer.split(" ")[0]);
      ok(answered.every((number) => done.includes(Number(number))));
      ok(gateway.bundles.length - begun <= 1 + Number(board.events.some(isBroken)), `${cut}`);
      const ts = gateway.bundles.map((bundle) => readBundleHead(bundle).t);
      equal(new Set(ts).size, ts.length);
      const interval = scene.world.stored.get("interval");
      ok(interval === undefined || toHex(interval) === "00000005");
      // It lives: whatever was cut, it takes the next request.
      for (let i = 0; i < 8 && !board.acknowledged; i++) scene.wake();
      scene.wake(2);
      const last = ward.ask({ kind: "interval" });
      scene.wake();
      ok(
        ward.answers.some((answer) => answer.startsWith(`${last} 2.05`)),
        `${cut}`,
      );
    }
  });
});

describe("a trigger at a sensor that sleeps", () => {
  it("begins one exchange, at the next wake-up, when k third parties vouch for it", () => {
    const scene = settled();
    const { nextT: t } = scene;
    scene.trigger(triggerOf(t, [1, 3]));
    const events = scene.wake();
    deepEqual(
      of(events, "triggered").map(({ t }) => t),
      [t],
    );
    ok(!exchanges(events));
    ok(exchanges(scene.wake()));
    equal(scene.nextT, t + 1);
    for (let i = 0; i < 4; i++) ok(!exchanges(scene.wake()));
    equal(scene.ward.sessions, 2);
    ok(scene.board.acknowledged);
  });

  it("is for a Responder that has lost everything: the sensor need not wait until it is sure of that", () => {
    const scene = settled();
    scene.ward.lost = true;
    scene.trigger(triggerOf(scene.nextT, [2, 3]));
    ok(!exchanges(scene.wake()));
    scene.ward.lost = false;
    ok(exchanges(scene.wake()));
    scene.wake();
    ok(scene.board.acknowledged);
    equal(scene.ward.sessions, 2);
  });

  it("is refused from fewer than k, for another T, sensor or Responder, and damaged", () => {
    const scene = settled();
    const { nextT: t } = scene;
    const damaged = triggerOf(t, [1, 2]);
    damaged[damaged.length - 1] ^= 1;
    const few = "trigger: 1 third parties vouch for it, not 2";
    const none = "trigger: 0 third parties vouch for it, not 2";
    for (const [payload, reason] of [
      [triggerOf(t, [1]), few],
      [triggerOf(t, [2, 2, 2]), few],
      [triggerOf(t, []), none],
      [damaged, few],
      [triggerOf(t, [1, 2, 3], { sensor: identity("another") }), none],
      [triggerOf(t, [1, 2], { responder: identity("another") }), "trigger: it is of another Responder"],
      [concat(7, triggerOf(t, [1, 2]).subarray(1)), "trigger: it is of another Responder"],
      [triggerOf(t + 1, [1, 2]), `trigger: T ${t + 1} is not the next`],
      [triggerOf(t - 1, [1, 2]), `trigger: T ${t - 1} is not the next`],
      [new Uint8Array(3), "trigger: trigger: 3 bytes do not fit"],
    ] as const) {
      scene.trigger(payload);
      deepEqual(reasons(scene.wake()), [reason]);
      equal(scene.nextT, t);
    }
    ok(!exchanges(scene.wake()));
    equal(scene.world.stored.get("duty")?.join() ?? "0,0,0,0,0", "0,0,0,0,0");
    // The gateway's list may name the Responder itself.
    const named = concat(255, 9, 2, identity("server").data, triggerOf(t, [1, 2]).subarray(1));
    scene.trigger(named);
    equal(of(scene.wake(), "triggered").length, 1);
  });

  it("is heard once in a while only, over reboots, and works once", () => {
    const scene = settled();
    const begun: number[] = [];
    let first: Uint8Array | undefined;
    for (let i = 0; i < 3 * TRIGGER_PAUSE + 4; i++) {
      const trigger = triggerOf(scene.nextT, [1, 2, 3]);
      first ??= trigger;
      scene.trigger(i % 2 === 0 ? trigger : first);
      if (i % 2 === 1) scene.trigger(trigger);
      if (exchanges(scene.wake())) begun.push(i);
    }
    ok(begun.length >= 3, `${begun}`);
    begun.forEach((at, i) => {
      ok(i === 0 || at - begun[i - 1] >= TRIGGER_PAUSE, `${begun}`);
    });
  });

  it("is heard where an exchange does not end, and ends the pause after it", () => {
    const scene = new Scene();
    const { gateway } = scene;
    gateway.delivers = false;
    const pause = () => scene.world.stored.get("duty")?.[1] ?? 0;
    for (let i = 0; i < 12 || pause() < 4; i++) scene.wake();
    gateway.delivers = true;
    scene.trigger(triggerOf(scene.nextT - 1, [1, 2]));
    scene.trigger(triggerOf(scene.nextT, [1, 2]));
    const events = scene.wake();
    deepEqual(reasons(events), [`trigger: T ${scene.nextT - 2} is not the next`]);
    ok(exchanges(events));
    scene.wake();
    ok(scene.board.acknowledged);
  });
});

/** Whether power was cut in an exchange: then there is another one later. */
function isBroken({ event }: ApplicationEvent): boolean {
  return event === "message";
}

/** The last late answer, as it waited in the mailbox. */
function lastAnswer({ world }: Scene): Uint8Array {
  for (const { from, peer, datagram } of [...world.passed].reverse()) {
    const message = from === "peer" && peer === GATEWAY.address ? decodeCoap(datagram) : undefined;
    if (message !== undefined && message.payload.length > 0 && message.payload[0] === 0) {
      if (
        message.options.some(
          ({ number, value }) => number === OptionNumbers.contentFormat && value.length === 2,
        )
      )
        return message.payload;
    }
  }
  throw new Error("no late answer");
}
