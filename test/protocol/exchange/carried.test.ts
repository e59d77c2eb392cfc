/** OSCORE messages in a mailbox. */

import * as fc from "fast-check";
import { fromHex, toHex } from "../../../protocol/bytes.js";
import { carriedRequest, carriedResponse, readCarried } from "../../../protocol/exchange/carried.js";
import { deepEqual, equal, throws } from "../../support/assert.js";

const option = fc.uint8Array({ maxLength: 20 });
const payload = fc.uint8Array({ minLength: 1, maxLength: 40 });

describe("a message that a mailbox carries", () => {
  it("has these bytes", () => {
    const [asked, answered, sealed] = ["0900c0", "0105", "aabb"].map(fromHex);
    equal(toHex(carriedResponse(asked, answered, sealed)), "00030900c0020105aabb");
    equal(toHex(carriedRequest(asked, sealed)), "01030900c0aabb");
  });

  it("reads back", () => {
    fc.assert(
      fc.property(option, option, payload, (request, option, payload) => {
        const response = readCarried(carriedResponse(request, option, payload));
        deepEqual(response, { kind: "response", request, option, payload });
        deepEqual(readCarried(carriedRequest(option, payload)), { kind: "request", option, payload });
      }),
    );
  });

  it("is refused when it is cut off, empty or of another kind", () => {
    for (const whole of [fromHex("00030900c0020105aa"), fromHex("01030900c0aa")]) {
      for (let end = 0; end < whole.length; end++) {
        throws(() => readCarried(whole.subarray(0, end)), SyntaxError, `${end}`);
      }
    }
    throws(() => readCarried(fromHex("02030900c0aabb")), /kind 2 is not known/);
  });
});
