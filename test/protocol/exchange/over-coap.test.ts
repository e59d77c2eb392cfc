import { Codes } from "../../../protocol/coap/numbers.js";
import { errorNumberOf, refusalCode, refusalMessage } from "../../../protocol/exchange/over-coap.js";
import { errorNumbers } from "../../../protocol/mikey/error-message.js";
import { decodeMessage, payloadsOf } from "../../../protocol/mikey/message.js";
import { ErrorNumbers, PayloadTypes } from "../../../protocol/mikey/numbers.js";
import { DecodeError } from "../../../protocol/mikey/reader.js";
import { Refusal } from "../../../protocol/mikey/refusal.js";
import { deepEqual, equal } from "../../support/assert.js";
import { begin, policyOf } from "./parties.js";
import { on, rewrite } from "./refusals.js";

const [message] = begin(policyOf()).messages;

describe("a refusal over CoAP", () => {
  it("has the ERR number of a Refusal, 12 for what can't be read, and none for a fault of this end", () => {
    equal(errorNumberOf(new Refusal(ErrorNumbers.share, "k")), 241);
    equal(errorNumberOf(new DecodeError("HDR", 3, "short")), 12);
    for (const fault of [new Error("fault"), new RangeError("fault"), "fault", undefined]) {
      equal(errorNumberOf(fault), undefined);
    }
  });

  it("has a 4.xx or 5.xx code for every ERR number", () => {
    const codes = Object.fromEntries(
      Object.entries(ErrorNumbers).map(([name, number]) => [name, refusalCode(number)]),
    );
    const { unauthorized, forbidden, badRequest, badGateway } = Codes;
    deepEqual(codes, {
      authentication: unauthorized,
      timestamp: forbidden,
      prf: badRequest,
      mac: badRequest,
      encryption: badRequest,
      hash: badRequest,
      dhGroup: badRequest,
      identity: forbidden,
      certificate: forbidden,
      securityPolicy: badRequest,
      securityPolicyParameters: badRequest,
      dataType: badRequest,
      unspecified: badRequest,
      messageType: badRequest,
      share: forbidden,
      quorum: forbidden,
      unreachable: badGateway,
    });
  });

  it("is an error message about the refused one: same CSB ID, T and PRF, one ERR, nothing else", () => {
    const error = decodeMessage(refusalMessage(message, ErrorNumbers.share));
    const refused = decodeMessage(message);
    deepEqual(errorNumbers(error), [ErrorNumbers.share]);
    deepEqual(error.header.csbId, refused.header.csbId);
    equal(error.header.prf, refused.header.prf);
    deepEqual(payloadsOf(error, PayloadTypes.T), payloadsOf(refused, PayloadTypes.T));
    equal(error.payloads.length, 2);
    equal(error.bytes.length, 10 + 6 + 4);
  });

  it("is empty where no error message can say what it is about", () => {
    equal(refusalMessage(new Uint8Array(0), ErrorNumbers.unspecified).length, 0);
    for (let length = 0; length < message.length; length++) {
      equal(refusalMessage(message.subarray(0, length), ErrorNumbers.unspecified).length, 0);
    }
    const timeless = rewrite(
      message,
      on(PayloadTypes.T, () => undefined),
    );
    equal(refusalMessage(timeless, ErrorNumbers.timestamp).length, 0);
  });
});
