/** The board's end of an enrolment: whatever is done to it, the old enrolment or the new one is there, whole. */

import fc from "fast-check";
import { Enrollee, type EnrolleeAction } from "../../firmware/enrollee.js";
import { ImageError, storeImage } from "../../firmware/enrolment-image.js";
import { storedCode } from "../../firmware/stored-enrolment.js";
import { toHex } from "../../protocol/bytes.js";
import { deepEqual, equal, fail, ok, throws } from "../support/assert.js";
import { primitives } from "../support/primitives.js";
import { code, HandEnroller, imageOf, MemoryStorage, nextCode } from "./enroller.js";

const nonce = (first: number) => new Uint8Array(16).fill(first);

function board(its = code) {
  const storage = new MemoryStorage();
  let draws = 0;
  const enrollee = new Enrollee({
    primitives,
    random: () => nonce(++draws),
    code: its,
    store: (image) => storeImage(storage, image, primitives),
  });
  return { storage, enrollee };
}

/** Lets both talk until the board does not ask any more; `tamper` gets each answer and its number. */
function talk(
  enrollee: Enrollee,
  enroller: HandEnroller,
  tamper: (answer: Uint8Array | undefined, i: number) => Uint8Array | undefined = (answer) => answer,
): EnrolleeAction {
  let action = enrollee.begin();
  for (let i = 0; action.kind === "ask"; i++)
    action = enrollee.answer(tamper(enroller.answer(action.payload), i));
  return action;
}

describe("enrollee", () => {
  const image = imageOf();
  const blocks = Math.ceil(image.length / 128);

  it("takes an enrolment block by block, and proves that it is stored", () => {
    const { storage, enrollee } = board();
    const enroller = new HandEnroller(image, nonce(99));
    const action = talk(enrollee, enroller);
    deepEqual(action, { kind: "finished", outcome: { confirmed: true, empty: false } });
    const questions = Array.from({ length: blocks }, (_, i) => `block ${i}`);
    deepEqual(enroller.asked, ["hello", ...questions, "stored"]);
    equal(toHex(storage.read("enrolment") ?? fail("nothing is stored")), toHex(image));
  });

  it("is wiped by an image with the next code only", () => {
    const { storage, enrollee } = board();
    storeImage(storage, image, primitives);
    const action = talk(enrollee, new HandEnroller(nextCode, nonce(9)));
    deepEqual(action, { kind: "finished", outcome: { confirmed: true, empty: true } });
    deepEqual(storage.read("enrolment"), nextCode);
  });

  it("keeps the old enrolment when the line is cut before the last block, and the new one after it", () => {
    const old = imageOf(undefined, nonce(7));
    for (let cut = 0; cut < blocks + 2; cut++) {
      const { storage, enrollee } = board();
      storeImage(storage, old, primitives);
      const enroller = new HandEnroller(image, nonce(99));
      let action = enrollee.begin();
      for (let i = 0; i < cut && action.kind === "ask"; i++)
        action = enrollee.answer(enroller.answer(action.payload));
      const after = enrollee.failure();
      const isNew = cut >= blocks + 1;
      deepEqual(storage.read("enrolment"), isNew ? image : old, `after ${cut} answers`);
      equal(after.kind, isNew ? "finished" : "pause");
    }
  });

  it("begins anew after a cut, and gets the whole image then", () => {
    const { storage, enrollee } = board();
    const enroller = new HandEnroller(image, nonce(99));
    const first = enrollee.begin();
    ok(first.kind === "ask");
    enrollee.answer(enroller.answer(first.payload));
    equal(enrollee.failure().kind, "pause");
    equal(talk(enrollee, enroller).kind, "finished");
    deepEqual(storage.read("enrolment"), image);
  });

  it("refuses who has another code, five times at most", () => {
    const { storage, enrollee } = board();
    const stranger = new HandEnroller(image, nonce(99), nextCode);
    for (let attempt = 1; attempt <= 5; attempt++) {
      const action = talk(enrollee, stranger);
      ok(action.kind === "refuse");
      equal(action.ends, attempt === 5);
      const expected =
        attempt < 5 ? "the enroller does not have the board's code" : "too many attempts with a wrong code";
      equal(action.reason, expected);
    }
    equal(storage.read("enrolment"), undefined);
  });

  it("does not count enrollers that have nothing for it", () => {
    const { storage, enrollee } = board();
    for (let i = 0; i < 20; i++) {
      enrollee.begin();
      equal(enrollee.answer(undefined).kind, "pause");
    }
    equal(talk(enrollee, new HandEnroller(image, nonce(99))).kind, "finished");
    ok(storage.read("enrolment") !== undefined);
  });

  it("takes nothing of what was recorded of an earlier run", () => {
    const recorded: (Uint8Array | undefined)[] = [];
    talk(board().enrollee, new HandEnroller(image, nonce(99)), (answer) => {
      recorded.push(answer);
      return answer;
    });
    const { storage, enrollee } = board();
    // The same board once more: its nonce is another.
    enrollee.begin();
    let action = enrollee.begin();
    for (let i = 0; action.kind === "ask"; i++) action = enrollee.answer(recorded[i]);
    equal(action.kind, "refuse");
    equal(storage.read("enrolment"), undefined);
  });

  it("takes no block of a second enroller, with the code or without", () => {
    for (const itsCode of [code, nextCode]) {
      for (let from = 1; from <= blocks; from++) {
        const { storage, enrollee } = board();
        const first = new HandEnroller(image, nonce(99));
        const second = new HandEnroller(imageOf({ other: 1 }), nonce(98), itsCode);
        const action = talk(enrollee, first, (answer, i) => {
          if (i < from) return answer;
          const hello = board().enrollee.begin();
          if (hello.kind === "ask") second.answer(hello.payload);
          const number = i - 1;
          const sealed = second.session?.sealBlock(number, image.subarray(number * 128, i * 128));
          return Uint8Array.of(0x82, 0, number, ...(sealed ?? []));
        });
        ok(action.kind === "refuse" && action.reason === "a block is not the enroller's" && !action.ends);
        equal(storage.read("enrolment"), undefined);
      }
    }
  });

  it("takes blocks in their order only", () => {
    for (const [given, instead] of [
      [1, 2],
      [2, 1],
      [2, blocks],
    ]) {
      const { storage, enrollee } = board();
      const enroller = new HandEnroller(image, nonce(99));
      const first = enrollee.begin();
      ok(first.kind === "ask");
      const answers = [enroller.answer(first.payload)];
      const { session } = enroller;
      ok(session !== undefined);
      for (let i = 0; i < blocks; i++) {
        const sealed = session.sealBlock(i, image.subarray(i * 128, (i + 1) * 128));
        answers.push(Uint8Array.of(0x82, 0, i, ...sealed));
      }
      let action: EnrolleeAction = first;
      for (let i = 0; action.kind === "ask"; i++)
        action = enrollee.answer(answers[i === given ? instead : i]);
      ok(action.kind === "refuse");
      equal(storage.read("enrolment"), undefined);
    }
  });

  it("ends whole whatever one answer is replaced by", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: blocks + 1 }),
        fc.oneof(
          fc.record({ flip: fc.nat(), bit: fc.integer({ min: 0, max: 7 }) }),
          fc.uint8Array({ maxLength: 200 }),
        ),
        (at, what) => {
          const { storage, enrollee } = board();
          const old = imageOf(undefined, nonce(7));
          storeImage(storage, old, primitives);
          talk(enrollee, new HandEnroller(image, nonce(99)), (answer, i) => {
            if (i !== at || answer === undefined) return answer;
            if (what instanceof Uint8Array) return what;
            const changed = answer.slice();
            changed[what.flip % changed.length] ^= 1 << what.bit;
            return changed;
          });
          // Of the last answer the board needs nothing.
          deepEqual(storage.read("enrolment"), at > blocks ? image : old);
        },
      ),
    );
  });

  it("says why it can't take an image, and keeps what it has", () => {
    for (const [json, broken, reason] of [
      [{ format: "symbolon-sensor-2" }, false, "the enrolment makes no sense"],
      [undefined, true, "the board can't store it"],
    ] as const) {
      const { storage, enrollee } = board();
      const old = imageOf(undefined, nonce(7));
      storeImage(storage, old, primitives);
      storage.broken = broken;
      const action = talk(enrollee, new HandEnroller(imageOf(json), nonce(99)));
      ok(action.kind === "refuse" && action.ends);
      equal(action.reason, reason);
      deepEqual(storage.read("enrolment"), old);
      deepEqual(storedCode(storage), nonce(7));
    }
  });

  it("ends when its time is up, but for what is stored", () => {
    const { storage, enrollee } = board();
    enrollee.begin();
    const action = enrollee.timeUp();
    ok(action.kind === "refuse" && action.ends && action.reason === "the time for an enrolment is up");
    equal(storage.read("enrolment"), undefined);

    const late = board();
    const enroller = new HandEnroller(image, nonce(99));
    let asked = late.enrollee.begin();
    while (asked.kind === "ask" && late.storage.read("enrolment") === undefined)
      asked = late.enrollee.answer(enroller.answer(asked.payload));
    deepEqual(late.enrollee.timeUp(), { kind: "finished", outcome: { confirmed: false, empty: false } });
  });

  it("leaves nothing of an image in memory that could not be stored, whatever storage threw", () => {
    for (const error of [new ImageError("the board can't store it"), new Error("flash: no answer")]) {
      let given = new Uint8Array(0);
      const enrollee = new Enrollee({
        ...{ primitives, random: nonce, code },
        store(it) {
          given = it as Uint8Array<ArrayBuffer>;
          throw error;
        },
      });
      const enroller = new HandEnroller(image, nonce(99));
      if (error instanceof ImageError) talk(enrollee, enroller);
      else throws(() => talk(enrollee, enroller), /flash: no answer/);
      ok(given.length === image.length && given.every((byte) => byte === 0));
    }
  });

  it("hands on what storage throws besides", () => {
    const enrollee = new Enrollee({
      primitives,
      random: nonce,
      code,
      store() {
        throw new ImageError("the board can't store it");
      },
    });
    const action = talk(enrollee, new HandEnroller(image, nonce(99)));
    ok(action.kind === "refuse" && action.reason === "the board can't store it");
  });
});
