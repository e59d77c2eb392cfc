/**
 * A sensor that sleeps, with a gateway, and power that is cut at any point: before the bundle, between bundle and R_I, with
 * the exchange suspended and the mailbox not yet emptied, before and behind each write and each datagram.
 */

import fc from "fast-check";
import type { Device } from "../../firmware/device.js";
import { sleepersWay } from "../../firmware/gateway.js";
import { toHex } from "../../protocol/bytes.js";
import { readBundleHead } from "../../protocol/exchange/bundle-parts.js";
import { readRequestHeader } from "../../protocol/oscore/protect.js";
import { equal, ok } from "../support/assert.js";
import { Board } from "./board.js";
import { policy } from "./fake-gateway.js";
import { honest } from "./simulation.js";
import { Ward } from "./ward.js";

/** Operations of some wake-ups, an exchange among them: where a cut may fall. */
const SPAN = 40;
const CUTS = 20;

/** A sensor with what its gateway and its Responder see of it. */
class Watched {
  readonly ward = new Ward();
  /** Requests under provisional contexts, as "ID-context/number contents". */
  readonly early: string[] = [];
  readonly board: Board;

  /** `forgets`: what storage keeps only the first value of. */
  constructor(forgets = "") {
    const { gateway } = this.ward;
    const hear = gateway.onOscore;
    gateway.onOscore = (world, message) => {
      const { kidContext, sequenceNumber } = readRequestHeader(message);
      if (kidContext !== undefined)
        this.early.push(`${toHex(kidContext)}/${sequenceNumber} ${toHex(message.payload)}`);
      return hear?.(world, message);
    };
    const options = { way: sleepersWay, exchangeEvery: 2 };
    const change = (device: Device): Device => {
      const { read, write } = device.storage;
      const keep = (name: string, value: Uint8Array) => {
        if (name !== forgets || !this.board.world.stored.has(name)) write(name, value);
      };
      return { ...device, storage: { read, write: keep } };
    };
    this.board = new Board([honest, honest, honest], options, change, { policy, gateway: gateway.hear });
  }

  /** Nothing that must be used once was used twice, and all that must grow has grown. */
  judge(): void {
    for (const [seal, contents] of this.board.seals) equal(contents.size, 1, seal);
    growing(this.early);
    growing(this.ward.readings);
    // The fake gateway has each bundle once, however often it came.
    const ts = this.ward.gateway.bundles.map((bundle) => readBundleHead(bundle).t);
    for (let i = 1; i < ts.length; i++) ok(ts[i - 1] < ts[i], `T ${ts}`);
  }

  /** It finds its way back: a reading is acknowledged. */
  recover(): void {
    const { board } = this;
    board.cutAt = Number.POSITIVE_INFINITY;
    for (let i = 0; i < 70 && !board.acknowledged; i++) board.wake();
    board.wake();
    ok(board.acknowledged);
    this.judge();
  }
}

/** Checks that each number of a session has one content, and that what is new has a higher number than all before. */
function growing(sent: readonly string[]): void {
  const seen = new Map<string, string>();
  const highest = new Map<string, number>();
  for (const one of sent) {
    const [name, contents] = one.split(" ");
    const [session, number] = name.split("/");
    if (seen.has(name)) equal(contents, seen.get(name), name);
    else ok(Number(number) > (highest.get(session) ?? -1), `${name} after ${highest.get(session)}`);
    seen.set(name, contents);
    highest.set(session, Math.max(Number(number), highest.get(session) ?? -1));
  }
}

describe("power cuts of a sensor that sleeps with a gateway", () => {
  it("let nothing be used twice, one after the other at random points", () => {
    let cuts = 0;
    let suspended = 0;
    fc.assert(
      fc.property(fc.array(fc.nat(SPAN), { minLength: CUTS, maxLength: CUTS }), (points) => {
        const watched = new Watched();
        const { board } = watched;
        for (const point of points) {
          board.cutAt = board.operations + point;
          // Until it has fallen, however many wake-ups that takes.
          for (let i = 0; i < SPAN && board.operations <= board.cutAt; i++) board.wake();
          if (board.operations > board.cutAt) cuts++;
          if (watched.board.world.stored.has("pending")) suspended++;
        }
        watched.recover();
      }),
      { numRuns: 10 },
    );
    ok(cuts >= 200, `${cuts} cuts`);
    ok(suspended > 0, "some fell while an exchange was suspended");
  });

  it("let nothing be used twice, at each point of the first exchange", () => {
    const whole = new Watched();
    for (let i = 0; i < 4; i++) whole.board.wake();
    whole.judge();
    const { operations } = whole.board;
    ok(operations > 30 && whole.early.length > 0 && whole.ward.readings.length > 0, `${operations}`);
    for (let cut = 0; cut < operations; cut++) {
      const watched = new Watched();
      watched.board.cutAt = cut;
      for (let i = 0; i < 4; i++) watched.board.wake();
      watched.recover();
    }
  });

  for (const forgets of ["chain", "channel"]) {
    it(`are found out where storage forgets the ${forgets}`, () => {
      const watched = new Watched(forgets);
      for (let i = 0; i < 8; i++) watched.board.wake();
      let found = "";
      try {
        watched.judge();
      } catch (error) {
        found = (error as Error).message;
      }
      ok(/^[0-9a-f]+ [0-9a-f]+: expected 1, got|^T |^\d+\/\d+/.test(found), found);
    });
  }
});
