import type { Device } from "../../firmware/device.js";
import type { Enrolment } from "../../firmware/enrolment.js";
import { type BoardEvent, start } from "../../firmware/start.js";
import { sharingOf } from "../../protocol/exchange/policy.js";
import { weightMatrix } from "../../protocol/shares/weights.js";
import { policyOf, pskOf, randomOf, responder } from "../protocol/exchange/parties.js";
import { deepEqual, equal } from "../support/assert.js";
import { primitives, steps } from "../support/primitives.js";
import { FakeClock } from "./simulation.js";

const policy = policyOf(2, 1, 3);
const enrolment: Enrolment = {
  policy,
  responder,
  addresses: ["tp-1", "tp-2", "tp-3"],
  start: { t: 1, keys: [1, 2, 3].map(pskOf) },
  weights: weightMatrix(sharingOf(policy)),
  deadline: 20_000,
};

/** Starts a board of which something is otherwise; what it told, and what it did. */
function begin(part: Partial<Device>, enrol = () => enrolment): { events: BoardEvent[]; log: string[] } {
  const events: BoardEvent[] = [];
  const log: string[] = [];
  const device: Device = {
    primitives,
    steps,
    random: randomOf("board"),
    clock: new FakeClock(),
    storage: { read: () => undefined, write: (name) => log.push(`write ${name}`) },
    openLink: () => ({ send: (peer) => log.push(`send ${peer}`), close: () => log.push("close") }),
    trace: (line) => log.push(line),
    ...part,
  };
  start(device, enrol, (event) => events.push(event));
  return { events, log };
}

function refusal(reason: string): BoardEvent[] {
  return [{ event: "finished", agreed: false, confirmed: false, tek: null, reason }];
}

function fail(message: string): () => never {
  return () => {
    throw new Error(message);
  };
}

describe("start of a board", () => {
  it("sends the shares when all is well", () => {
    const { events, log } = begin({});
    deepEqual(
      events.map(({ event }) => event),
      ["message", "message", "message"],
    );
    deepEqual(log, ["write chain", "send tp-1", "send tp-2", "send tp-3"]);
  });

  it("refuses when a primitive is wrong, before it has read its keys", () => {
    let asked = false;
    const enrol = () => {
      asked = true;
      return enrolment;
    };
    const wrong = { ...primitives, ccmOpen: () => undefined };
    const { events, log } = begin({ primitives: wrong }, enrol);
    deepEqual(events, refusal("self-test: AES-CCM opening failed"));
    deepEqual(log, []);
    equal(asked, false);
  });

  it("refuses when the generator fails at once", () => {
    const { events, log } = begin({ random: fail("entropy: the generator failed with error 5") });
    deepEqual(events, refusal("self-test: the random generator failed"));
    deepEqual(log, []);
  });

  it("refuses when the generator fails later, whenever that is, and sends nothing", () => {
    // The self-test draws twice.
    for (let draws = 2; draws < 5; draws++) {
      let left = draws;
      const own = randomOf("board");
      const { events, log } = begin({
        random: (length) => (left-- > 0 ? own(length) : fail("entropy: it is used up")()),
      });
      deepEqual(events.at(-1), refusal("entropy: it is used up")[0], `after ${draws} draws`);
      deepEqual(
        log.filter((line) => line.startsWith("send")),
        [],
      );
    }
  });

  it("refuses when T can't be stored, without a link, and without an enrolment", () => {
    const storage = { read: () => undefined, write: fail("storage: flash did not take a value") };
    deepEqual(begin({ storage }).events, refusal("storage: flash did not take a value"));
    deepEqual(begin({ openLink: fail("link: there is none") }).events, refusal("link: there is none"));
    deepEqual(begin({}, fail("enrolment: there is none")).events, refusal("enrolment: there is none"));
  });
});
