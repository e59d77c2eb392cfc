/** docs/protocol.md shows the enrolment of a board as the code does it; its vector is that of the session's tests. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { primitives } from "../../host/primitives.js";
import { toHex } from "../../protocol/bytes.js";
import { codeToDigits } from "../../protocol/enrolment/code.js";
import { BLOCK_LENGTH, MAX_IMAGE } from "../../protocol/enrolment/numbers.js";
import { codeId, EnrolmentSession } from "../../protocol/enrolment/session.js";

describe("docs/protocol.md on enrolment", () => {
  const page = readFileSync("docs/protocol.md", "utf8");
  const counting = (first: number, length: number) => Uint8Array.from({ length }, (_, i) => first + i);
  const [code, board, enroller, image] = [
    counting(0, 16),
    counting(32, 16),
    counting(64, 16),
    counting(0, 200),
  ];

  it("shows its example as it is sent", () => {
    const session = new EnrolmentSession(primitives, code, board, enroller, image.length);
    for (const fact of [
      codeToDigits(code),
      `code ID   ${toHex(codeId(primitives, code, board))}`,
      `81 ${toHex(enroller)} 00c8 ${toHex(session.offerMac())}`,
      `02 0001 ${toHex(session.blockMac(1))}`,
      `82 0001 ${toHex(session.sealBlock(1, image.subarray(BLOCK_LENGTH)).subarray(0, 12))}… (88)`,
      `03 ${toHex(session.storedMac(image))}`,
      `83 ${toHex(session.acceptedMac())}`,
      `16 to ${MAX_IMAGE.toLocaleString("en")} bytes`,
    ]) {
      assert.ok(page.includes(fact), `expected ${fact}`);
    }
  });
});
