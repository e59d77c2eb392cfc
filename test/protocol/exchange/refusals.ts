/** Refusals by ERR number, and messages that only a liar with the key makes. */

import { concat } from "../../../protocol/bytes.js";
import { errorNumberOf } from "../../../protocol/exchange/over-coap.js";
import type { Header } from "../../../protocol/mikey/header.js";
import type { Identity } from "../../../protocol/mikey/identity.js";
import type { KeyData } from "../../../protocol/mikey/key-data.js";
import { decodeMessage, encodeMessage, payloadsOf } from "../../../protocol/mikey/message.js";
import { type ErrorNumber, PayloadTypes } from "../../../protocol/mikey/numbers.js";
import type { Payload } from "../../../protocol/mikey/payloads.js";
import {
  consumePreSharedKeyMessage,
  createPreSharedKeyMessages,
} from "../../../protocol/mikey/pre-shared-key.js";
import { Refusal } from "../../../protocol/mikey/refusal.js";
import { type Suite, suiteByNumbers } from "../../../protocol/mikey/suites.js";
import { createVerification, type VerificationContext } from "../../../protocol/mikey/verification.js";
import { equal, fail, match, ok, throws } from "../../support/assert.js";
import { primitives } from "../../support/primitives.js";
import { forwardingParty } from "./parties.js";

/** `call` throws a Refusal with this ERR number and a reason like this. */
export function refuses(call: () => unknown, errorNumber: ErrorNumber, reason: RegExp): void {
  const error = throws(call, Refusal, `refusal ${reason}`);
  ok(error instanceof Refusal);
  match(error.message, reason);
  equal(error.errorNumber, errorNumber, error.message);
}

/** `consume` refuses the message cut off at every byte, and with any byte of it changed. */
export function refusesDamage(bytes: Uint8Array, consume: (damaged: Uint8Array) => unknown): void {
  const refused = (damaged: Uint8Array, what: string) => {
    try {
      consume(damaged);
    } catch (error) {
      if (errorNumberOf(error) === undefined) throw error;
      return;
    }
    fail(`accepted with ${what}`);
  };
  for (let length = 0; length < bytes.length; length++) refused(bytes.slice(0, length), `${length} bytes`);
  refused(concat(bytes, Uint8Array.of(0)), "a byte behind it");
  for (let i = 0; i < bytes.length; i++) {
    for (const change of [1 << (i % 8), 0xff]) {
      const damaged = bytes.slice();
      damaged[i] ^= change;
      refused(damaged, `byte ${i} changed by ${change}`);
    }
  }
}

/** Changes payloads one by one; undefined leaves one out, a list puts several in its place. */
export type Edit = (payload: Payload) => Payload | readonly Payload[] | undefined;

function edited(payloads: readonly Payload[], edit: Edit): Payload[] {
  return payloads.flatMap((payload) => edit(payload) ?? []);
}

/** An edit of the payloads of one type. */
export function on<T extends Payload["type"]>(
  type: T,
  change: (payload: Extract<Payload, { type: T }>) => Payload | readonly Payload[] | undefined,
): Edit {
  return (payload) => (payload.type === type ? change(payload as Extract<Payload, { type: T }>) : payload);
}

/** The share message with other contents and a MAC that holds. */
export function reseal(
  bytes: Uint8Array,
  psk: Uint8Array,
  { edit = (payload) => payload, keys, suite: other }: { edit?: Edit; keys?: KeyData[]; suite?: Suite },
): Uint8Array {
  const message = decodeMessage(bytes);
  const opened = consumePreSharedKeyMessage(primitives, message, psk);
  const [kemac] = payloadsOf(message, PayloadTypes.KEMAC);
  const suite = other ?? suiteByNumbers(message.header.prf, kemac.encryption, kemac.mac)!;
  const payloads = edited(message.payloads.slice(0, -1), edit);
  const [t] = payloadsOf({ header: message.header, payloads }, PayloadTypes.T);
  const [rand] = payloadsOf({ header: message.header, payloads }, PayloadTypes.RAND);
  const [resealed] = createPreSharedKeyMessages(
    primitives,
    {
      header: { ...message.header, prf: suite.prf },
      payloads,
      suite,
      timestamp: t.timestamp,
      rand: rand?.rand ?? opened.context.rand,
    },
    [{ psk, keys: keys ?? opened.keys }],
  );
  return resealed;
}

/** The message with other payloads and no MAC that holds: for what is refused before any MAC is checked. */
export function rewrite(bytes: Uint8Array, edit: Edit, header: Partial<Header> = {}): Uint8Array {
  const message = decodeMessage(bytes);
  return encodeMessage({
    header: { ...message.header, ...header },
    payloads: edited(message.payloads, edit),
  });
}

/** The forward message with other payloads, signed by a third party. */
export function resign(
  bytes: Uint8Array,
  signer: Identity,
  edit: Edit,
  header: Partial<Header> = {},
): Uint8Array {
  const rewritten = rewrite(bytes, edit, header);
  const { sign, signatureLength } = forwardingParty(signer);
  const signed = rewritten.subarray(0, rewritten.length - signatureLength);
  return concat(signed, sign(signed));
}

/** The answer with other payloads and a V that holds. */
export function reverify(
  bytes: Uint8Array,
  context: VerificationContext,
  {
    edit = (payload) => payload,
    header = {},
    algorithm,
  }: { edit?: Edit; header?: Partial<Header>; algorithm?: number },
): Uint8Array {
  const message = decodeMessage(bytes);
  const [v] = payloadsOf(message, PayloadTypes.V);
  return createVerification(
    primitives,
    {
      header: { ...message.header, ...header },
      payloads: edited(message.payloads.slice(0, -1), edit),
    },
    algorithm ?? v.algorithm,
    context,
  );
}
