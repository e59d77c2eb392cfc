/** The application in memory: wake-ups, failures, and power that is cut at every point. */

import { type ApplicationEvent, type ApplicationOptions, runWakeUp } from "../../firmware/application.js";
import type { Device, Link } from "../../firmware/device.js";
import { type OneLink, oneLink } from "../../firmware/link/one-link.js";
import { marked } from "../../firmware/marked.js";
import { toHex } from "../../protocol/bytes.js";
import { decodeMessage as decodeCoap } from "../../protocol/coap/message.js";
import { referenceSteps } from "../../protocol/exchange/reference-steps.js";
import { readShareMessage } from "../../protocol/exchange/share-message.js";
import { type PhaseName, phaseCodes } from "../../protocol/marks.js";
import type { Primitives } from "../../protocol/primitives.js";
import { policyOf } from "../protocol/exchange/parties.js";
import { deepEqual, equal, ok } from "../support/assert.js";
import { primitives } from "../support/primitives.js";
import { Hospital } from "./hospital.js";
import { forgetful, honest, RESPONDER, type Script, World } from "./simulation.js";

const INTERVAL = 60_000;

/** A board that can be woken, and whose power can be cut. */
class Board {
  readonly hospital = new Hospital();
  readonly events: ApplicationEvent[] = [];
  readonly world: World;
  /** Every seal of the board: key and nonce, and what was sealed under them. */
  readonly seals = new Map<string, Set<string>>();
  slept = 0;
  /** Power is cut at this operation; there are so many so far. */
  cutAt = Number.POSITIVE_INFINITY;
  operations = 0;
  #dead = false;
  #tested = false;

  constructor(
    scripts: readonly Script[] = [honest, honest, honest],
    readonly options: Partial<ApplicationOptions> = {},
    readonly change: (device: Device) => Device = (device) => device,
  ) {
    this.world = new World({
      policy: policyOf(2, 1, 3),
      script: (x) => (request, party) => scripts[x - 1](request, party),
      hospital: this.hospital.hear,
      device: (device) => this.change(this.#mortal(device)),
    });
  }

  /** One wake-up, to its sleep or to its cut; what the board told in it. */
  wake(): ApplicationEvent[] {
    const { world } = this;
    const before = this.events.length;
    const slept = this.slept;
    this.#dead = false;
    this.#tested = false;
    this.hospital.learn(world);
    world.restart();
    try {
      runWakeUp(world.device(), () => world.enrolment, {
        ...{ interval: INTERVAL, exchangeEvery: 1000, early: true, ...this.options },
        sense:
          this.options.sense ?? (() => [{ name: "n", unit: "Cel", value: this.events.length, decimals: 1 }]),
        onEvent: (event) => this.events.push(event),
        sleep: (milliseconds) => {
          this.slept++;
          this.options.sleep?.(milliseconds);
        },
      });
      world.clock.run();
    } catch (error) {
      if (!(error instanceof PowerCut)) throw error;
    }
    if (!this.#dead) equal(this.slept, slept + 1, "sleeps");
    return this.events.slice(before);
  }

  get acknowledged(): boolean {
    const last = this.events.at(-1);
    return last?.event === "sleeping" && last.acknowledged;
  }

  /** An operation of the board, before which and behind which power may go. */
  #operate<T>(work: () => T): T {
    this.#live();
    if (this.operations++ === this.cutAt) this.#cut();
    const result = work();
    if (this.operations++ === this.cutAt) this.#cut();
    return result;
  }

  #live(): void {
    if (this.#dead) throw new PowerCut();
  }

  #cut(): never {
    this.#dead = true;
    this.hospital.learn(this.world);
    this.world.restart();
    throw new PowerCut();
  }

  #mortal(device: Device): Device {
    const seal: Primitives["ccmSeal"] = (key, nonce, aad, plaintext, tagLength) => {
      const sealed = primitives.ccmSeal(key, nonce, aad, plaintext, tagLength);
      // The self-test seals the same each time, before anything is read.
      if (!this.#tested) return sealed;
      const name = `${toHex(key)} ${toHex(nonce)}`;
      this.seals.set(name, (this.seals.get(name) ?? new Set()).add(toHex(sealed)));
      return sealed;
    };
    const { storage } = device;
    const spied = { ...primitives, ccmSeal: seal };
    return {
      ...device,
      primitives: spied,
      steps: referenceSteps(spied),
      storage: {
        read: (name) => {
          this.#tested = true;
          return this.#operate(() => storage.read(name));
        },
        write: (name, value) => this.#operate(() => storage.write(name, value)),
      },
      openLink: (onDatagram) => {
        const link = device.openLink(onDatagram);
        const send: Link["send"] = (peer, datagram) => this.#operate(() => link.send(peer, datagram));
        return { ...link, send };
      },
    };
  }
}

class PowerCut extends Error {}

const kinds = (events: readonly ApplicationEvent[]): string[] => events.map(({ event }) => event);

describe("the application", () => {
  it("agrees once, and sends a reading each time that it wakes", () => {
    const board = new Board();
    const first = kinds(board.wake());
    deepEqual(first, ["message", "message", "message", "reading", "finished", "sleeping"]);
    for (let i = 0; i < 9; i++) deepEqual(kinds(board.wake()), ["resumed", "reading", "sleeping"]);
    equal(board.hospital.received.length, 10);
    equal(new Set(board.hospital.received).size, 10);
    ok(board.events.every((event) => event.event !== "sleeping" || event.acknowledged));
    equal(board.world.clock.pending, 0);
    equal(board.world.stored.get("duty")?.join(), "0,0,0");
  });

  it("waits with its reading for the session, where it has one link", () => {
    let opened = 0;
    let one: OneLink | undefined;
    const change = (device: Device): Device => {
      one = oneLink((onDatagram) => {
        opened++;
        return device.openLink(onDatagram);
      });
      return { ...device, openLink: one.openLink };
    };
    const board = new Board(undefined, { early: false, sleep: () => one?.close() }, change);
    board.wake();
    ok(board.acknowledged);
    deepEqual([board.hospital.early, board.hospital.received.length, opened], [0, 1, 1]);
    board.wake();
    deepEqual([board.hospital.received.length, opened], [2, 2]);
  });

  it("renews its session, and keeps none of the keys before", () => {
    const board = new Board(undefined, { exchangeEvery: 3 });
    const stored: string[] = [];
    for (let i = 0; i < 7; i++) {
      board.wake();
      ok(board.acknowledged);
      stored.push(toHex((board.world.stored.get("channel") as Uint8Array).subarray(10, 26)));
    }
    const keys = new Set(stored);
    ok(keys.size >= 3, `${keys.size}`);
    for (const key of keys) {
      const from = stored.indexOf(key);
      ok(stored.slice(from, stored.lastIndexOf(key)).every((other) => other === key));
    }
    equal(board.hospital.received.length, 7);
  });

  it("goes on with the session it has while its third parties are away", () => {
    let away = false;
    const script: Script = (request, party) => {
      if (!away) honest(request, party);
    };
    const board = new Board([script, script, script], { exchangeEvery: 2 });
    board.wake();
    away = true;
    for (let i = 0; i < 4; i++) {
      board.wake();
      ok(board.acknowledged);
    }
    ok(board.events.some((event) => event.event === "finished" && !event.agreed));
    away = false;
    for (let i = 0; i < 4; i++) board.wake();
    equal(board.world.stored.get("duty")?.join(), "0,0,0");
  });

  it("takes a Responder's silence for a lost session, and agrees anew", () => {
    const board = new Board();
    board.wake();
    board.hospital.silent = true;
    for (let i = 0; i < 5; i++) {
      board.wake();
      ok(!board.acknowledged);
    }
    const exchanges = board.events.filter(({ event }) => event === "finished").length;
    ok(exchanges >= 2, `${exchanges}`);
    board.hospital.silent = false;
    board.wake();
    ok(board.acknowledged);
  });

  it("sleeps when it can't begin: no primitive, no entropy, no enrolment, no Responder, no sensor, no storage", () => {
    const fail = (): never => {
      throw new Error("it broke");
    };
    const broken: ((device: Device) => Device)[] = [
      (device) => ({ ...device, primitives: { ...device.primitives, sha256: () => new Uint8Array(32) } }),
      (device) => ({ ...device, random: fail }),
      (device) => ({ ...device, openLink: fail }),
      (device) => ({ ...device, storage: { read: fail, write: fail } }),
      (device) => ({ ...device, storage: { ...device.storage, write: fail } }),
    ];
    for (const change of broken) {
      const board = new Board(undefined, {}, change);
      const last = board.wake().at(-1);
      ok(last?.event === "sleeping" && last.reason !== undefined && !last.acknowledged);
      equal(board.world.passed.length, 0);
    }
    const blind = new Board(undefined, { sense: fail });
    deepEqual(blind.wake(), [
      { event: "sleeping", acknowledged: false, milliseconds: INTERVAL, reason: "it broke" },
    ]);
  });

  it("replaces a session that another firmware has stored", () => {
    const board = new Board();
    board.world.stored.set("channel", new Uint8Array(80).fill(9));
    board.wake();
    ok(board.acknowledged);
  });

  it("marks a wake-up from boot to sleep, with an exchange, without one, and when nobody answers", () => {
    const phases: PhaseName[] = [];
    const mark = (device: Device): Device => marked(device, (phase) => phases.push(phaseCodes[phase].name));
    const board = new Board(undefined, {}, mark);
    board.wake();
    const first = phases.splice(0);
    deepEqual(first.slice(0, 6), ["boot", "sense", "shares", "build", "build", "build"]);
    equal(first.at(-1), "sleep");
    equal(first.filter((phase) => phase === "sleep").length, 1);
    board.wake();
    deepEqual(phases, ["boot", "sense", "build", "transmit", "listen", "verify", "sleep"]);
    phases.splice(0);
    const lonely = new Board([forgetful, forgetful, forgetful], {}, mark);
    lonely.wake();
    ok(!lonely.acknowledged);
    equal(phases[0], "boot");
    equal(phases.at(-1), "sleep");
  });

  it("never uses a T, a nonce or a sequence number twice, wherever power is cut", () => {
    const whole = new Board(undefined, { exchangeEvery: 2 });
    for (let i = 0; i < 4; i++) whole.wake();
    const { operations } = whole;
    ok(operations > 30);
    const board = new Board(undefined, { exchangeEvery: 2 });
    const sent = new Map<string, string>();
    for (let cut = 0; cut < operations; cut++) {
      board.cutAt = board.operations + cut;
      for (let i = 0; i < 4; i++) board.wake();
    }
    board.cutAt = Number.POSITIVE_INFINITY;
    for (const [seal, contents] of board.seals) equal(contents.size, 1, seal);
    // A T is that of one set of messages: each party got the same bytes under it, or none.
    for (const { from, peer, datagram } of board.world.passed) {
      const payload = decodeCoap(datagram)?.payload;
      if (from === "peer" || peer === RESPONDER || payload === undefined || payload.length === 0) continue;
      const name = `${peer} ${readShareMessage(payload).session.t}`;
      const bytes = toHex(payload);
      equal(sent.get(name) ?? bytes, bytes, name);
      sent.set(name, bytes);
    }
    ok(sent.size > 100, `${sent.size}`);
    // Whatever was cut, the board finds its way back.
    for (let i = 0; i < 70 && !board.acknowledged; i++) board.wake();
    board.wake();
    ok(board.acknowledged);
  });
});
