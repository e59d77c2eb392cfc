/** Enrolment of a board: the messages of both ends, and each end as it talks to a stranger. */

import assert from "node:assert/strict";
import { Enrollee } from "../../../firmware/enrollee.js";
import { storeImage } from "../../../firmware/enrolment-image.js";
import { primitives } from "../../../host/primitives.js";
import {
  decodeAnswer,
  decodeRequest,
  encodeAnswer,
  encodeRequest,
} from "../../../protocol/enrolment/messages.js";
import { code, HandEnroller, imageOf, MemoryStorage } from "../../firmware/enroller.js";
import { never, pieces, type Target } from "./target.js";

const nonce = new Uint8Array(16).fill(3);

export function enrolmentTargets(): Target[] {
  const requests = [
    encodeRequest({ kind: "hello", nonce, codeId: new Uint8Array(8) }),
    encodeRequest({ kind: "block", number: 1, mac: nonce }),
    encodeRequest({ kind: "stored", mac: nonce }),
    encodeRequest({ kind: "refused", reason: "a block is not the enroller's", mac: nonce }),
  ];
  const answers = [
    encodeAnswer({ kind: "offer", nonce, length: 300, mac: nonce }),
    encodeAnswer({ kind: "block", number: 0, sealed: new Uint8Array(40) }),
    encodeAnswer({ kind: "accepted", mac: nonce }),
  ];
  return [
    {
      name: "enrolment-request",
      seeds: requests,
      longest: 200,
      allows: never,
      run(input) {
        const request = decodeRequest(input);
        if (request !== undefined) assert.deepEqual(encodeRequest(request), input);
      },
    },
    {
      name: "enrolment-answer",
      seeds: answers,
      longest: 200,
      allows: never,
      run(input) {
        const answer = decodeAnswer(input);
        if (answer !== undefined) assert.deepEqual(encodeAnswer(answer), input);
      },
    },
    {
      // Answers one after the other; an empty one stands for what the true enroller says.
      name: "enrollee",
      seeds: answers.map((answer) => Uint8Array.from([1, 0, answer.length, ...answer])),
      longest: 600,
      allows: never,
      run(input) {
        const storage = new MemoryStorage();
        const image = imageOf();
        const enroller = new HandEnroller(image, new Uint8Array(16).fill(99));
        const board = new Enrollee({
          ...{ primitives, random: () => nonce, code },
          store: (it) => storeImage(storage, it, primitives),
        });
        let action = board.begin();
        for (const piece of pieces(input)) {
          if (action.kind !== "ask") break;
          const own = enroller.answer(action.payload);
          action = board.answer(piece.length < 2 ? own : piece);
        }
        const stored = storage.read("enrolment");
        assert.ok(
          stored === undefined || Buffer.compare(stored, image) === 0,
          "something else than the enroller's image is stored",
        );
      },
    },
  ];
}
