import fc from "fast-check";
import { Initiator, type InitiatorAction, type InitiatorEvent } from "../../firmware/initiator.js";
import { Codes } from "../../protocol/coap/numbers.js";
import { createConfirmation } from "../../protocol/exchange/confirmation.js";
import { refusalMessage } from "../../protocol/exchange/over-coap.js";
import { createShareVerification } from "../../protocol/exchange/share-verification.js";
import { ErrorNumbers } from "../../protocol/mikey/numbers.js";
import { begin, freshness, policyOf, pskOf, rebuild } from "../protocol/exchange/parties.js";
import { deepEqual, equal, ok } from "../support/assert.js";
import { primitives } from "../support/primitives.js";

const policy = policyOf(2, 1, 3);
const parties = [1, 2, 3];
// What is made from this one fits every exchange below: they all begin alike.
const model = begin(policy);
const keys = model.provisionalKeys;
const confirmation = (() => {
  const rebuilt = rebuild(policy, model, [1, 2]);
  ok(rebuilt);
  return rebuilt.confirm(primitives, freshness).message;
})();
const forged = createConfirmation(primitives, model.session, pskOf(1), freshness);
const answerOf = (x: number, relayed?: Uint8Array, psk = pskOf(x)) =>
  createShareVerification(primitives, model.session, policy.thirdParties[x - 1], psk, relayed);
const errorMessage = refusalMessage(model.messages[0], ErrorNumbers.timestamp);

const answer = (x: number, code: number, payload: Uint8Array): InitiatorEvent => {
  return { kind: "answer", x, code, payload };
};
/** Events by what they should do; whatever is not a receipt, R_I, halftime or deadline is only told. */
const events = {
  receipt: (x: number) => answer(x, Codes.changed, answerOf(x)),
  confirmation: (x: number) => answer(x, Codes.changed, answerOf(x, confirmation)),
  "wrong PSK": (x: number) => answer(x, Codes.changed, answerOf(x, confirmation, pskOf(9))),
  "forged R_I": (x: number) => answer(x, Codes.changed, answerOf(x, forged)),
  "bare R_I": (x: number) => answer(x, Codes.changed, confirmation),
  garbage: (x: number) => answer(x, Codes.changed, Uint8Array.of(1, 2, 3)),
  "error message": (x: number) => answer(x, Codes.forbidden, errorMessage),
  "receipt under 4.01": (x: number) => answer(x, Codes.unauthorized, answerOf(x)),
  "empty error": (x: number) => answer(x, Codes.serviceUnavailable, new Uint8Array(0)),
  failure: (x: number): InitiatorEvent => ({ kind: "failure", x, reason: "timeout" }),
  halftime: (): InitiatorEvent => ({ kind: "halftime" }),
  deadline: (): InitiatorEvent => ({ kind: "deadline" }),
} as const;
type EventName = keyof typeof events;
const names = Object.keys(events) as EventName[];
const told = names.filter((name) => !["receipt", "confirmation", "halftime", "deadline"].includes(name));

const kinds = (actions: readonly InitiatorAction[]) => actions.map(({ kind }) => kind);

function started(): Initiator {
  const initiator = new Initiator(begin(policy));
  initiator.start();
  return initiator;
}

/** The outcome among actions. */
function outcomeOf(actions: readonly InitiatorAction[]) {
  const [action] = actions.filter((it) => it.kind === "finished");
  ok(action?.kind === "finished", "there is no outcome");
  return action.outcome;
}

describe("the Initiator on the board", () => {
  it("begins by sending each third party its message", () => {
    const waiting = begin(policy);
    deepEqual(
      new Initiator(waiting).start(),
      parties.map((x): InitiatorAction => ({ kind: "send", x, message: waiting.messages[x - 1] })),
    );
  });

  it("finishes with the first R_I, through any third party", () => {
    for (const x of parties) {
      const outcome = outcomeOf(started().handle(events.confirmation(x)));
      ok(outcome.confirmed);
      deepEqual(outcome.finished.keys, keys);
      deepEqual(outcome.finished.confirmation, freshness);
    }
  });

  it("gives up when every third party has taken its share and none brings R_I", () => {
    const initiator = started();
    deepEqual(initiator.handle(events.receipt(1)), []);
    deepEqual(initiator.handle(events.receipt(1)), []);
    deepEqual(initiator.handle(events.receipt(3)), []);
    const outcome = outcomeOf(initiator.handle(events.receipt(2)));
    ok(!outcome.confirmed);
    deepEqual(outcome.keys, keys);
    equal(outcome.reason, "3 of 3 third parties took their share, but no confirmation of the Responder came");
  });

  it("says at the deadline how many shares were missing", () => {
    for (const [receipts, reason] of [
      [[], "0 of 3 third parties took their share, 2 short of the 2 needed"],
      [[2], "1 of 3 third parties took their share, 1 short of the 2 needed"],
      [[2, 3], "2 of 3 third parties took their share, but no confirmation of the Responder came"],
    ] as const) {
      const initiator = started();
      for (const x of receipts) initiator.handle(events.receipt(x));
      // A third party that has taken its share has taken it, whatever becomes of a later question.
      for (const x of receipts) initiator.handle(events.failure(x));
      const outcome = outcomeOf(initiator.handle(events.deadline()));
      ok(!outcome.confirmed);
      equal(outcome.reason, reason);
      deepEqual(outcome.keys, keys);
    }
  });

  it("asks at halftime whoever has not said that it took its share, with the same bytes", () => {
    const initiator = started();
    initiator.handle(events.receipt(1));
    initiator.handle(events["error message"](2));
    const again = initiator.handle(events.halftime());
    deepEqual(
      again,
      [2, 3].map((x): InitiatorAction => ({ kind: "send", x, message: model.messages[x - 1] })),
    );
  });

  it("never ends for what nobody has authenticated", () => {
    for (const name of told) {
      const initiator = started();
      for (const x of parties) deepEqual(kinds(initiator.handle(events[name](x))), ["refused"], name);
      for (const x of parties) initiator.handle(events[name](x));
      ok(outcomeOf(initiator.handle(events.confirmation(2))).confirmed, name);
    }
  });

  it("says why an answer was of no use", () => {
    const why = (name: EventName) => {
      const [action] = started().handle(events[name](2));
      ok(action.kind === "refused");
      equal(action.x, 2);
      return [action.error, action.reason];
    };
    deepEqual(why("wrong PSK"), [0, "V does not hold"]);
    deepEqual(why("forged R_I"), [0, "V does not hold"]);
    deepEqual(why("error message"), [1, "error 1 (4.03)"]);
    deepEqual(why("receipt under 4.01"), [null, "answered 4.01"]);
    deepEqual(why("empty error"), [null, "answered 5.03"]);
    deepEqual(why("failure"), [null, "timeout"]);
    deepEqual(why("garbage"), [0, "V does not hold"]);
  });

  it("throws what is a fault of this end", () => {
    const broken = begin(policy);
    broken.abandon();
    let message = "";
    try {
      new Initiator(broken).handle(events.receipt(1));
    } catch (error) {
      message = (error as Error).message;
    }
    equal(message, "exchange: it is over, its TGK is forgotten");
  });

  it("does nothing after the outcome, whichever it was and whatever comes", () => {
    const endings: InitiatorEvent[][] = [
      [events.confirmation(1)],
      [events.deadline()],
      parties.map((x) => events.receipt(x)),
    ];
    for (const ending of endings) {
      const initiator = started();
      equal(ending.flatMap((event) => kinds(initiator.handle(event))).at(-1), "finished");
      for (const name of names)
        for (const x of parties) deepEqual(initiator.handle(events[name](x)), [], name);
    }
  });

  it("has one outcome, and the right actions before it, in any order of events", () => {
    const steps = fc.array(fc.tuple(fc.constantFrom(...names), fc.constantFrom(...parties)), {
      maxLength: 14,
    });
    fc.assert(
      fc.property(steps, (list) => {
        const initiator = started();
        const receipts = new Set<number>();
        let over = false;
        for (const [name, x] of [...list, ["deadline", 1] as const]) {
          const actions = kinds(initiator.handle(events[name](x)));
          let expected: string[] = [];
          if (!over) {
            if (name === "receipt") receipts.add(x);
            over = name === "confirmation" || name === "deadline" || receipts.size === 3;
            if (over) expected = ["finished"];
            else if (name === "halftime") expected = Array(3 - receipts.size).fill("send");
            else if (name !== "receipt") expected = ["refused"];
          }
          deepEqual(actions, expected, `${name} ${x}`);
        }
        equal(over, true);
      }),
      { numRuns: 80 },
    );
  });
});
