/** A board in enrolment mode on a link that answers, is silent, or loses messages; time runs when it is told to. */

import type { Device, Link } from "../../firmware/device.js";
import { awaitEnrolment, type EnrolmentEvent } from "../../firmware/enrolment-mode.js";
import { decodeMessage, encodeMessage } from "../../protocol/coap/message.js";
import { Codes, OptionNumbers, Types } from "../../protocol/coap/numbers.js";
import { deepEqual, equal, ok } from "../support/assert.js";
import { boardPrimitives, random, steps } from "../support/primitives.js";
import { code, HandEnroller, imageOf, MemoryStorage } from "./enroller.js";
import { FakeClock } from "./simulation.js";

interface Trial {
  readonly storage: MemoryStorage;
  readonly clock: FakeClock;
  readonly events: EnrolmentEvent[];
  /** Requests, repetitions among them. */
  sent: number;
  ended?: boolean;
  closed: boolean;
}

/** `pass`: whether request `i` reaches the enroller, and its answer the board. */
function enrol(
  enroller: HandEnroller,
  pass: (i: number) => boolean = () => true,
  link: Partial<Link> = {},
): Trial {
  const clock = new FakeClock();
  const trial: Trial = { storage: new MemoryStorage(), clock, events: [], sent: 0, closed: false };
  const answers = new Map<number, Uint8Array>();
  const device: Device = {
    primitives: boardPrimitives,
    steps,
    random,
    clock,
    storage: trial.storage,
    trace: () => {},
    openLink: (onDatagram) => ({
      neighbour: "line",
      transmission: { ACK_TIMEOUT: 250, BACKOFF_FACTOR: 1, MAX_RETRANSMIT: 8 },
      send(peer, datagram) {
        equal(peer, "line");
        const message = decodeMessage(datagram);
        ok(message?.type === Types.CON && message.code === Codes.POST);
        deepEqual(
          message.options.map(({ number }) => number),
          [OptionNumbers.uriPath, OptionNumbers.contentFormat],
        );
        if (!pass(trial.sent++)) return;
        const { messageId, token } = message;
        let answer = answers.get(messageId);
        if (answer === undefined) {
          const payload = enroller.answer(message.payload);
          const head = { type: Types.ACK, messageId, token, options: [] };
          answer =
            payload === undefined
              ? encodeMessage({ ...head, code: Codes.unauthorized, payload: new Uint8Array(0) })
              : encodeMessage({ ...head, code: Codes.changed, payload });
          answers.set(messageId, answer);
        }
        const bytes = answer;
        clock.set(() => onDatagram("line", bytes), 5);
      },
      close() {
        trial.closed = true;
      },
      ...link,
    }),
  };
  awaitEnrolment(
    device,
    code,
    (event) => trial.events.push(event),
    (enrolled) => {
      trial.ended = enrolled;
    },
  );
  return trial;
}

const enroller = (its = code) => new HandEnroller(imageOf(), new Uint8Array(16).fill(9), its);

describe("enrolment mode", () => {
  it("is over when the board is enrolled", () => {
    const trial = enrol(enroller());
    trial.clock.run(5_000);
    deepEqual(trial.events, [
      { event: "enrolment", state: "waiting" },
      { event: "enrolment", state: "enrolled", confirmed: true },
    ]);
    equal(trial.ended, true);
    equal(trial.closed, true);
    deepEqual(trial.storage.read("enrolment"), imageOf());
    equal(trial.clock.pending, 0);
  });

  it("stands a link that loses two of three messages", () => {
    const trial = enrol(enroller(), (i) => i % 3 === 2);
    trial.clock.run(60_000);
    equal(trial.ended, true);
    deepEqual(trial.storage.read("enrolment"), imageOf());
  });

  it("goes on when the line is away for a while, in each state", () => {
    for (let from = 0; from < 12; from++) {
      const trial = enrol(enroller(), (i) => i < from || i > from + 25);
      trial.clock.run(120_000);
      equal(trial.ended, true, `away from request ${from} on`);
      deepEqual(trial.storage.read("enrolment"), imageOf());
    }
  });

  it("gives up after ten minutes in which nobody comes, and says so", () => {
    const trial = enrol(enroller(), () => false);
    trial.clock.run(599_000);
    equal(trial.ended, undefined);
    trial.clock.run(10_000);
    equal(trial.ended, false);
    deepEqual(trial.events.slice(1), [
      { event: "enrolment", state: "refused", reason: "the time for an enrolment is up" },
    ]);
    equal(trial.clock.pending, 0);
    equal(trial.storage.read("enrolment"), undefined);
  });

  it("is over after five attempts with a wrong code", () => {
    const trial = enrol(enroller(new Uint8Array(16)));
    trial.clock.run(60_000);
    equal(trial.ended, false);
    equal(trial.events.length, 6);
    deepEqual(trial.events[5], {
      event: "enrolment",
      state: "refused",
      reason: "too many attempts with a wrong code",
    });
    equal(trial.storage.read("enrolment"), undefined);
  });

  it("tells nobody a code or a key", () => {
    const trial = enrol(enroller());
    trial.clock.run(5_000);
    ok(!/[0-9a-f]{16}|\d{6}-/.test(JSON.stringify(trial.events)));
  });

  it("wants a link that leads to one peer", () => {
    const trial = enrol(enroller(), undefined, { neighbour: undefined } as unknown as Partial<Link>);
    equal(trial.ended, false);
    equal(trial.closed, true);
    deepEqual(trial.events, [
      {
        event: "enrolment",
        state: "refused",
        reason: "enrolment: this link leads to more than one peer",
      },
    ]);
  });
});
