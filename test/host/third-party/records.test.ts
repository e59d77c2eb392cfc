import assert from "node:assert/strict";
import { MemoryStore } from "../../../host/store/memory.js";
import { type Enrolled, Records } from "../../../host/third-party/records.js";
import { MemoryVault } from "../../../host/third-party/vault.js";

const SENSOR = "sensor-1@example";

function enrolled(name: string, byte: number): Enrolled {
  return { sensor: SENSOR, name, start: { t: 1, keys: new Uint8Array(16).fill(byte) } };
}

/** Accepts a message with T 1. */
function accept(records: Records, enrolment: Enrolled, digest: string): void {
  const open = { message: Uint8Array.of(1), forward: Uint8Array.of(2) };
  const record = { digest, responder: "r@example", deadline: 0, open };
  const psk = records.pskFor(enrolment, 1);
  assert.ok(typeof psk !== "string");
  assert.ok(records.accept(enrolment, 1, record, { psk, envelopeKey: new Uint8Array(16) }));
}

describe("records of a third party", () => {
  it("give a message of a new enrolment no answer to that of the old one with the same T", () => {
    const records = new Records(new MemoryStore(), new MemoryVault());
    const first = enrolled("first", 1);
    const second = enrolled("second", 2);
    accept(records, first, "a");
    accept(records, second, "b");
    assert.equal(
      records.finish(SENSOR, 1, "a", () => assert.fail("an answer was made")),
      undefined,
    );
    assert.equal(records.get(second, 1)?.answer, undefined);
    const answer = records.finish(SENSOR, 1, "b", (psk) => psk.slice());
    assert.deepEqual(answer, new Uint8Array(16).fill(2));
    assert.deepEqual(records.get(second, 1)?.answer, answer);
    assert.deepEqual(
      records.finish(SENSOR, 1, "b", () => assert.fail("it is answered")),
      answer,
    );
  });
});
