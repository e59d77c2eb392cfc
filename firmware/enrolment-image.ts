/**
 * Storing the enrolment that an enroller sends (stored-enrolment.ts). In its image `psks` may have null for a key that the
 * board keeps: that of the same third party in the enrolment before, which the enroller does not know any more.
 */

import { ascii, concat, equal, fromHex, toHex } from "../protocol/bytes.js";
import { CODE_LENGTH } from "../protocol/enrolment/code.js";
import type { RefusalReason } from "../protocol/enrolment/numbers.js";
import { laterPsk } from "../protocol/exchange/chain.js";
import { PSK_LENGTH } from "../protocol/exchange/profile.js";
import type { Primitives } from "../protocol/primitives.js";
import { forgetChain, peekStep } from "./chain.js";
import type { Storage } from "./device.js";
import { forgetDuty } from "./duty.js";
import { enrolmentFromText } from "./enrolment-text.js";
import { forgetInterval } from "./interval.js";
import { KeptChannel } from "./kept-channel.js";
import { forgetMailbox } from "./mailbox.js";
import { NAME, storedText, textOf } from "./stored-enrolment.js";

/** How many steps a third party takes to find a sensor that it has not heard of yet. */
const LONGEST_JUMP = 1024;

/** Why an image is not stored; the enrolment before is whole. */
export class ImageError extends Error {
  override readonly name = "ImageError";

  constructor(
    readonly reason: RefusalReason,
    options?: ErrorOptions,
  ) {
    super(reason, options);
  }
}

/**
 * Stores an image in place of what is there. When this returns, storage has given it back; when it throws, an
 * ImageError, the enrolment before is in force. Either way no session of that one may be taken up: the board may be
 * another sensor, or none.
 */
export function storeImage(storage: Storage, image: Uint8Array, primitives: Primitives): void {
  const value = concat(image.subarray(0, CODE_LENGTH), resolve(storage, image, primitives));
  try {
    // First: a reset between leaves the old enrolment, which agrees on a new key.
    KeptChannel.forget(storage);
    forgetMailbox(storage);
    forgetDuty(storage);
    forgetInterval(storage);
    storage.write(NAME, value);
  } catch (cause) {
    throw new ImageError("the board can't store it", { cause });
  }
  const stored = storage.read(NAME);
  if (stored === undefined || !equal(stored, value)) throw new ImageError("the board can't store it");
  if (value.length > CODE_LENGTH) return;
  forgetChain(storage);
  storage.wipeOld?.();
}

/** The text of an image with all its keys, in ASCII; nothing for a board that is to be wiped. */
function resolve(storage: Storage, image: Uint8Array, primitives: Primitives): Uint8Array {
  if (image.length < CODE_LENGTH) throw new ImageError("the enrolment makes no sense");
  if (image.length === CODE_LENGTH) return new Uint8Array(0);
  let text = textOf(image.subarray(CODE_LENGTH));
  try {
    const json = JSON.parse(text);
    if (Array.isArray(json?.psks) && json.psks.includes(null)) {
      text = asciiJson(keep(storage, json, primitives));
    }
    enrolmentFromText(text);
    return ascii(text);
  } catch (cause) {
    if (cause instanceof ImageError) throw cause;
    throw new ImageError("the enrolment makes no sense", { cause });
  }
}

/** An enrolment as JSON; what is wrong with its other members is found later. */
interface EnrolmentJson {
  readonly policy: { readonly sensor: unknown; readonly suite: unknown; readonly thirdParties: unknown[] };
  readonly psks: (string | null)[];
  /** Of the first exchange, which the keys are for. */
  readonly t?: number;
}

/**
 * Takes the keys that are null from the chain of the enrolment before, and goes on with its T: the others step to it. A
 * key is of one sensor, one third party and one suite.
 */
function keep(storage: Storage, json: EnrolmentJson, primitives: Primitives): EnrolmentJson {
  const missing = new ImageError("the board has no PSK that could be kept");
  const before = storedText(storage);
  if (before === undefined) throw missing;
  const old = JSON.parse(before) as EnrolmentJson;
  if (old.policy.sensor !== json.policy.sensor || old.policy.suite !== json.policy.suite) throw missing;
  const chain = peekStep({ primitives, storage }, enrolmentFromText(before));
  if (chain === undefined || chain.t === 0) throw missing;
  const { t } = chain;
  const steps = t - (json.t ?? 1);
  if (!(steps >= 0 && steps < LONGEST_JUMP)) throw missing;
  const psks = json.psks.map((psk, i) => {
    if (psk !== null) return toHex(laterPsk(primitives, firstPsk(psk), steps));
    const kept = chain.psks[old.policy.thirdParties.indexOf(json.policy.thirdParties[i])];
    if (kept === undefined) throw missing;
    return toHex(kept);
  });
  return { ...json, t, psks };
}

/** Looked at before it steps: whatever steps looks like a key. */
function firstPsk(text: string): Uint8Array {
  const psk = fromHex(text);
  if (psk.length !== PSK_LENGTH || psk.every((byte) => byte === 0)) {
    throw new ImageError("the enrolment makes no sense");
  }
  return psk;
}

/** JSON in ASCII: other characters as \uXXXX. */
function asciiJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\u0080-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
