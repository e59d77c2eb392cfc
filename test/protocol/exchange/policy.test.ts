import { checkPolicy, policyFromJson, policyToJson, shareIndex } from "../../../protocol/exchange/policy.js";
import { suiteNames } from "../../../protocol/mikey/suites.js";
import { deepEqual, equal, throws } from "../../support/assert.js";
import { identity, policyOf } from "./parties.js";

const json = {
  sensor: "sensor-1@example",
  threshold: 2,
  privacy: 1,
  suite: "aes-ccm-128",
  thirdParties: ["tp1@example", "coap://tp2.example", "0x0102030405060708"],
};
const changed = (changes: Record<string, unknown>) => () => policyFromJson({ ...json, ...changes });
const malformed = (message: RegExp) => ({ type: SyntaxError, message });
const outside = (message: RegExp) => ({ type: RangeError, message });

describe("a policy", () => {
  it("is read from JSON and written back", () => {
    const policy = policyFromJson(json);
    deepEqual(policyToJson(policy), json);
    deepEqual(
      policy.thirdParties.map(({ type }) => type),
      [0, 1, 2],
    );
    for (const suite of suiteNames) equal(policyFromJson({ ...json, suite }).suite, suite);
  });

  it("has its third parties in order: the share index is the place, 0 is none", () => {
    const policy = policyOf(2, 1, 3);
    deepEqual(
      policy.thirdParties.map((party) => shareIndex(policy, party)),
      [1, 2, 3],
    );
    equal(shareIndex(policy, identity("tp-4")), 0);
    equal(shareIndex(policy, { ...policy.thirdParties[0], type: 0 }), 0);
  });

  it("names the member that is malformed", () => {
    for (const other of [undefined, null, 7, "policy"]) {
      throws(() => policyFromJson(other), malformed(/^policy: expected an object/));
    }
    throws(() => policyFromJson([]), malformed(/^thirdParties: expected a list/));
    throws(changed({ thirdParties: "tp" }), malformed(/^thirdParties: expected a list/));
    throws(changed({ thirdParties: ["a", 7] }), malformed(/^thirdParties\[1\]: expected an identity/));
    throws(
      changed({ thirdParties: ["a", "b c"] }),
      malformed(/^thirdParties\[1\]: identity: expected print/),
    );
    throws(changed({ thirdParties: ["0x0", "b"] }), malformed(/^thirdParties\[0\]: hex/));
    throws(changed({ sensor: undefined }), malformed(/^sensor: expected an identity as text/));
    throws(changed({ sensor: "" }), malformed(/^sensor: identity: expected 1 to 1024 characters/));
    throws(changed({ threshold: "2" }), malformed(/^threshold: expected a number/));
    throws(changed({ privacy: null }), malformed(/^privacy: expected a number/));
    for (const suite of [undefined, "AES-CCM-128", "null", 0]) {
      throws(changed({ suite }), malformed(/^suite: expected one of aes-ccm-128, aes-ccm-128-8/));
    }
  });

  it("refuses k below 2 or above n, t below 0 or from k, and numbers that are no integers", () => {
    for (const threshold of [1, 0, -1, 2.5, Number.NaN]) {
      throws(changed({ threshold }), outside(/^threshold: expected at least 2/));
    }
    throws(changed({ threshold: 4 }), outside(/^threshold: 4 shares can't come from 3 third parties/));
    throws(changed({ thirdParties: [] }), outside(/^threshold: 2 shares can't come from 0/));
    for (const privacy of [2, 3, -1, 0.5, Number.NaN]) {
      throws(changed({ privacy }), outside(/^privacy: expected 0 to 1 \(threshold − 1\)/));
    }
  });

  it("refuses a third party that is named twice", () => {
    throws(changed({ thirdParties: ["a", "b", "a"] }), outside(/^third parties: a is named twice/));
    // The same identity in other hexadecimal digits.
    throws(changed({ thirdParties: ["0xab", "0xAB"] }), outside(/^third parties: 0xab is named twice/));
  });

  it("has at most as many third parties as the field has room for", () => {
    checkPolicy(policyOf(2, 1, 255));
    checkPolicy(policyOf(4, 0, 252));
    throws(() => checkPolicy(policyOf(2, 0, 255)), outside(/255 are too many for this field/));
    throws(() => checkPolicy(policyOf(4, 0, 253)), outside(/253 are too many for this field/));
    throws(() => checkPolicy(policyOf(2, 1, 256)), outside(/256 are too many for this field/));
  });
});
