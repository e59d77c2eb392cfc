/** A sensor's end of the channel, made by hand. */

import assert from "node:assert/strict";
import type { Channel } from "../../../host/channel/channel.js";
import { primitives, randomSource } from "../../../host/primitives.js";
import type { MemoryStore } from "../../../host/store/memory.js";
import { ascii, concat, fromHex } from "../../../protocol/bytes.js";
import { Codes, OptionNumbers } from "../../../protocol/coap/numbers.js";
import { encodeUint, findOption, type Option } from "../../../protocol/coap/options.js";
import {
  confirmedContext,
  confirmedSecrets,
  provisionalContext,
} from "../../../protocol/exchange/channel.js";
import type { ChannelKeys, Session } from "../../../protocol/exchange/session.js";
import { createSession } from "../../../protocol/exchange/session.js";
import { identityFromText } from "../../../protocol/mikey/identity.js";
import type { SecurityContext } from "../../../protocol/oscore/context.js";
import type { CoapContent } from "../../../protocol/oscore/message.js";
import { protectRequest, unprotectResponse } from "../../../protocol/oscore/protect.js";

const policy = {
  sensor: identityFromText("sensor01"),
  threshold: 2,
  privacy: 1,
  suite: "aes-ccm-128",
  thirdParties: ["party-01", "party-02"].map(identityFromText),
} as const;

/** [{n: "a", v: value}] */
export const pack = (value: number) =>
  concat(fromHex("81a2006161 02".replace(" ", "")), Uint8Array.of(0x18, value));

export const post: readonly Option[] = [
  { number: OptionNumbers.uriPath, value: ascii("r") },
  { number: OptionNumbers.contentFormat, value: encodeUint(112) },
];

/** One exchange as the sensor knows it. */
export class Sensor {
  readonly session: Session;
  readonly keys: ChannelKeys = { tek: randomSource(16), salt: randomSource(8) };
  readonly confirmation;

  constructor(
    readonly channel: Channel,
    readonly store: MemoryStore,
    t: number,
  ) {
    const hospital = identityFromText("hospital");
    this.session = createSession(primitives, policy, hospital, randomSource(8), t);
    this.confirmation = { nonce: randomSource(8), senderId: channel.newSenderId() };
  }

  agree(): void {
    this.store.transaction(() => this.channel.agreed(this.session, this.keys, this.confirmation));
  }

  get provisional(): SecurityContext {
    return provisionalContext(primitives, "sensor", this.session, this.keys);
  }

  get confirmed(): SecurityContext {
    return confirmedContext(primitives, "sensor", confirmedSecrets(primitives, this.keys, this.confirmation));
  }

  request(context: SecurityContext, number: number, change: Partial<CoapContent> = {}) {
    const content = { code: Codes.POST, options: post, payload: pack(100 + number), ...change };
    return protectRequest(primitives, context, number, content);
  }

  /** Sends under the provisional context; the code of the answer, which is never protected. */
  early(number: number): number {
    const answer = this.channel.receive("peer", this.request(this.provisional, number).message);
    assert.equal(findOption(answer.options, OptionNumbers.oscore), undefined);
    return answer.code;
  }

  /** Sends under the confirmed context; the answer, opened. */
  send(number: number, change: Partial<CoapContent> = {}): CoapContent {
    const { message, binding } = this.request(this.confirmed, number, change);
    return unprotectResponse(primitives, this.confirmed, binding, this.channel.receive("peer", message));
  }
}
