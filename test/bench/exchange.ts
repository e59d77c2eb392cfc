/**
 * One exchange of the board with third parties and a Responder that live in this process, in a time that nobody
 * waits for: the same seed gives the same datagrams at the same moments, so that the board's count depends on the
 * firmware alone.
 */

import { createHash } from "node:crypto";
import type { Surroundings, Wake } from "../../boards/cortex-m4/emulator.js";
import { EventLines } from "../../boards/cortex-m4/events.js";
import { primitives } from "../../host/primitives.js";
import { concat, toHex, uint } from "../../protocol/bytes.js";
import { decodeMessage, encodeEmpty, encodeMessage } from "../../protocol/coap/message.js";
import { Codes, ContentFormats, OptionNumbers, Types } from "../../protocol/coap/numbers.js";
import { laterPsk } from "../../protocol/exchange/chain.js";
import { CollectingGroup } from "../../protocol/exchange/collection.js";
import { fingerprint } from "../../protocol/exchange/fingerprint.js";
import type { Policy } from "../../protocol/exchange/policy.js";
import { policyToJson, sharingOf } from "../../protocol/exchange/policy.js";
import { consumeShareMessage, readShareMessage } from "../../protocol/exchange/share-message.js";
import { createShareVerification } from "../../protocol/exchange/share-verification.js";
import { identityFromText } from "../../protocol/mikey/identity.js";
import type { SuiteName } from "../../protocol/mikey/suites.js";
import { weightMatrix } from "../../protocol/shares/weights.js";

export interface ExchangePlan {
  readonly seed: number;
  readonly thirdParties: number;
  readonly threshold: number;
  readonly privacy: number;
  readonly suite: SuiteName;
}

/** 2-of-3 with Shamir's privacy and identities of 8 bytes: what the budgets are for. */
export const standardPlan: ExchangePlan = {
  seed: 1,
  thirdParties: 3,
  threshold: 2,
  privacy: 1,
  suite: "aes-ccm-128",
};

const FOLDER = "/sensor";
const FIRST_PORT = 5683;
/** Milliseconds that a datagram travels, and that a server takes to answer. */
const TRAVEL = 10;
const ANSWER = 40;

interface Arrival {
  readonly at: number;
  readonly port: number;
  readonly bytes: Uint8Array;
}

/** The world around the board. After the run, `finished` and `tek` say how it went. */
export class ScriptedExchange implements Surroundings {
  readonly args: readonly string[] = ["--dir", FOLDER];
  readonly events = new EventLines();
  complaints = "";
  /** Fingerprint of the TEK that the Responder came to. */
  tek: string | undefined;
  readonly #policy: Policy;
  readonly #psks: Uint8Array[];
  readonly #files = new Map<string, Uint8Array>();
  readonly #random: (length: number) => Uint8Array;
  readonly #arrivals: Arrival[] = [];
  #group: CollectingGroup | undefined;
  /** Who has sent a share, and waits for the Responder. */
  readonly #waiting: { x: number; token: Uint8Array; messageId: number; session: SessionOf }[] = [];
  #now = 0;

  constructor(plan: ExchangePlan) {
    this.#random = stream(`board ${plan.seed}`);
    const secrets = stream(`enrolment ${plan.seed}`);
    const names = Array.from({ length: plan.thirdParties }, (_, i) => `party-${i < 9 ? "0" : ""}${i + 1}`);
    this.#policy = {
      sensor: identityFromText("sensor01"),
      threshold: plan.threshold,
      privacy: plan.privacy,
      suite: plan.suite,
      thirdParties: names.map(identityFromText),
    };
    this.#psks = names.map(() => secrets(16));
    const enrolment = {
      format: "symbolon-sensor-1",
      policy: policyToJson(this.#policy),
      responder: "hospital",
      // The chain has them: the first exchange of an enrolment takes them out of this file, once.
      psks: this.#psks.map((psk) => toHex(new Uint8Array(psk.length))),
      addresses: names.map((_, i) => `127.0.0.1:${FIRST_PORT + i}`),
      weights: toHex(weightMatrix(sharingOf(this.#policy))),
      deadline: 20,
    };
    this.#files.set(`${FOLDER}/sensor.json`, new TextEncoder().encode(JSON.stringify(enrolment)));
    this.#files.set(`${FOLDER}/state/chain`, concat(secrets(8), uint(1, 4), ...this.#psks));
  }

  random(length: number): Uint8Array {
    return this.#random(length);
  }

  read(path: string): Uint8Array | undefined {
    return this.#files.get(path);
  }

  write(folder: string, name: string, contents: Uint8Array): void {
    this.#files.set(`${folder}/${name}`, contents);
  }

  open(): void {}
  close(): void {}

  sleep(delay: number | undefined): Wake {
    const [next] = this.#arrivals.sort((a, b) => a.at - b.at);
    const due = delay === undefined ? Number.POSITIVE_INFINITY : this.#now + delay;
    if (next === undefined || next.at > due) {
      if (due === Number.POSITIVE_INFINITY) throw new Error("the board waits for ever");
      this.#now = due;
      return { now: due };
    }
    this.#arrivals.shift();
    this.#now = Math.max(this.#now, next.at);
    return { now: this.#now, datagram: { address: "127.0.0.1", port: next.port, bytes: next.bytes } };
  }

  /** A third party's end: an acknowledgement at once, TP_I once the Responder has the key. */
  send(_address: string, port: number, datagram: Uint8Array): void {
    const message = decodeMessage(datagram);
    if (message === undefined || message.code === Codes.empty) return;
    const x = port - FIRST_PORT + 1;
    this.#deliver(x, 2 * TRAVEL, encodeEmpty(Types.ACK, message.messageId));
    const read = readShareMessage(message.payload.slice());
    const psk = laterPsk(primitives, this.#psks[x - 1], read.session.t - 1);
    const accepted = consumeShareMessage(primitives, read, this.#policy, psk);
    this.#group ??= new CollectingGroup(accepted);
    this.#group.add({ x, share: accepted.share });
    const { token, messageId } = message;
    this.#waiting.push({ x, token: token.slice(), messageId, session: read.session });
    const rebuilt = this.#group.rebuild(primitives);
    if (rebuilt === undefined) return;
    const nonce = new Uint8Array(8).fill(0x5a);
    const confirmed = rebuilt.confirm(primitives, { nonce, senderId: Uint8Array.of(1) });
    this.tek = fingerprint(primitives, confirmed.keys);
    for (const { x, token, messageId, session } of this.#waiting.splice(0)) {
      const thirdParty = this.#policy.thirdParties[x - 1];
      const psk = laterPsk(primitives, this.#psks[x - 1], session.t - 1);
      const payload = createShareVerification(primitives, session, thirdParty, psk, confirmed.message);
      const options = [{ number: OptionNumbers.contentFormat, value: uint(ContentFormats.mikey, 2) }];
      const answer = { type: Types.CON, code: Codes.changed, messageId, token, options, payload };
      this.#deliver(x, 2 * TRAVEL + ANSWER, encodeMessage(answer));
    }
  }

  output(text: string): void {
    this.events.take(text);
  }

  complain(text: string): void {
    this.complaints += text;
  }

  #deliver(x: number, after: number, bytes: Uint8Array): void {
    this.#arrivals.push({ at: this.#now + after, port: FIRST_PORT + x - 1, bytes });
  }
}

type SessionOf = ReturnType<typeof readShareMessage>["session"];

/** Bytes that look random and follow from a text: SHA-256 in counter mode. */
function stream(seed: string): (length: number) => Uint8Array {
  let counter = 0;
  return (length) => {
    const bytes = new Uint8Array(length);
    for (let done = 0; done < length; done += 32) {
      const block = createHash("sha256").update(`${seed} ${counter++}`).digest();
      bytes.set(block.subarray(0, Math.min(32, length - done)), done);
    }
    return bytes;
  };
}
