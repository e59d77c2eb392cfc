/** The application in memory: wake-ups, failures, and power that is cut at every point. */

import type { ApplicationEvent } from "../../firmware/application.js";
import type { Device } from "../../firmware/device.js";
import { type OneLink, oneLink } from "../../firmware/link/one-link.js";
import { marked } from "../../firmware/marked.js";
import { toHex } from "../../protocol/bytes.js";
import { decodeMessage as decodeCoap } from "../../protocol/coap/message.js";
import { readShareMessage } from "../../protocol/exchange/share-message.js";
import { type PhaseName, phaseCodes } from "../../protocol/marks.js";
import { deepEqual, equal, ok } from "../support/assert.js";
import { Board, INTERVAL } from "./board.js";
import { forgetful, honest, RESPONDER, type Script } from "./simulation.js";

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
    equal(board.world.stored.get("duty")?.join(), "0,0,0,0,0");
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
    equal(board.world.stored.get("duty")?.join(), "0,0,0,0,0");
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
