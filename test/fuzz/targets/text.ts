/** Texts and files. */

import assert from "node:assert/strict";
import { enrolmentFromText } from "../../../firmware/enrolment-text.js";
import { parseAddress } from "../../../host/coap/address.js";
import { readMessageText } from "../../../host/decode/input.js";
import { ascii, toHex } from "../../../protocol/bytes.js";
import { identityFromText, identityToText } from "../../../protocol/mikey/identity.js";
import type { World } from "../../host/third-party/world.js";
import { isTextError, type Target, textOf } from "./target.js";

export function textTargets(world: World): Target[] {
  const names = world.policy.thirdParties.map((identity) => identityToText(identity));
  const enrolment = {
    format: "symbolon-sensor-1",
    policy: { sensor: "sensor01", threshold: 2, privacy: 1, suite: "aes-ccm-128", thirdParties: names },
    responder: "hospital",
    psks: ["00", "11", "22"].map((byte) => byte.repeat(16)),
    addresses: names.map(() => "127.0.0.1:5683"),
    weights: "00",
    deadline: 20,
  };
  return [
    {
      name: "enrolment",
      seeds: [ascii(JSON.stringify(enrolment))],
      longest: 2_000,
      allows: isTextError,
      run: (input) => void enrolmentFromText(textOf(input)),
    },
    {
      name: "identity",
      seeds: names.map((name) => ascii(name)),
      longest: 100,
      allows: isTextError,
      run(input) {
        const identity = identityFromText(textOf(input));
        assert.deepEqual(identityFromText(identityToText(identity)), identity);
      },
    },
    {
      name: "address",
      seeds: [ascii("[::1]:5683"), ascii("host.example:1")],
      longest: 100,
      allows: isTextError,
      run: (input) => void parseAddress(textOf(input)),
    },
    {
      name: "decode-input",
      seeds: [ascii(toHex(new Uint8Array(20))), ascii("AAAA")],
      longest: 400,
      allows: isTextError,
      run: (input) => void readMessageText(textOf(input)),
    },
  ];
}
