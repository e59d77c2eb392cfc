/**
 * One run of the enrolment protocol between a board and an enroller that have the same code: the keys out of the code
 * and both nonces, what is made with them. Both ends use it.
 *
 * The keys are SP 800-108 §4.1 (a PRF in counter mode) with HMAC-SHA-256: K(i) = HMAC(code, i ‖ "symbolon-enrol-1" ‖ 0
 * ‖ board's nonce ‖ enroller's nonce ‖ 384 in 2 bytes). K(1) is the key of all MACs, the first half of K(2) that of
 * AES-CCM. Keys are of one run, since either end brings a nonce: the numbers of the blocks are nonces enough.
 */

import { ascii, concat, uint, wipe } from "../bytes.js";
import type { Primitives } from "../primitives.js";
import { Answers, CODE_ID_LENGTH, MAC_LENGTH, Requests } from "./numbers.js";

const LABEL = "symbolon-enrol-1";
const ID_LABEL = "symbolon-enrol-id";
const CCM_KEY_LENGTH = 16;
const KEY_BITS = 8 * (32 + CCM_KEY_LENGTH);
const CCM_NONCE_LENGTH = 13;

/** What says which code the board has, to who has it too: others learn nothing, the nonce is new each time. */
export function codeId(primitives: Primitives, code: Uint8Array, boardNonce: Uint8Array): Uint8Array {
  return primitives.hmac("sha-256", code, concat(ascii(ID_LABEL), boardNonce)).slice(0, CODE_ID_LENGTH);
}

export class EnrolmentSession {
  readonly #primitives: Primitives;
  readonly #macKey: Uint8Array;
  readonly #blockKey: Uint8Array;
  /** Under all MACs: which run of the protocol it is, and how much is to come. */
  readonly #context: Uint8Array;

  /** `length`: of the image, in bytes. */
  constructor(
    primitives: Primitives,
    code: Uint8Array,
    boardNonce: Uint8Array,
    enrollerNonce: Uint8Array,
    readonly length: number,
  ) {
    const key = (i: number) =>
      primitives.hmac(
        "sha-256",
        code,
        concat(i, ascii(LABEL), 0, boardNonce, enrollerNonce, uint(KEY_BITS, 2)),
      );
    this.#primitives = primitives;
    this.#macKey = key(1);
    const second = key(2);
    this.#blockKey = second.slice(0, CCM_KEY_LENGTH);
    wipe(second);
    this.#context = concat(boardNonce, enrollerNonce, uint(length, 2));
  }

  /** Of the offer: whoever makes it has the code. */
  offerMac(): Uint8Array {
    return this.#mac(Answers.offer);
  }

  /** Of the board's question for a block. */
  blockMac(number: number): Uint8Array {
    return this.#mac(Requests.block, uint(number, 2));
  }

  /** Of the board's proof that its storage gave back this image. */
  storedMac(image: Uint8Array): Uint8Array {
    return this.#mac(Requests.stored, this.#primitives.sha256(image));
  }

  /** Of the enroller's word that it has the proof. */
  acceptedMac(): Uint8Array {
    return this.#mac(Answers.accepted);
  }

  /** Of the board's refusal. */
  refusedMac(reason: number): Uint8Array {
    return this.#mac(Requests.refused, Uint8Array.of(reason));
  }

  sealBlock(number: number, bytes: Uint8Array): Uint8Array {
    const nonce = blockNonce(number);
    return this.#primitives.ccmSeal(this.#blockKey, nonce, this.#context, bytes, MAC_LENGTH);
  }

  /** The bytes of block `number`, or undefined when it is not the enroller's. */
  openBlock(number: number, sealed: Uint8Array): Uint8Array | undefined {
    if (sealed.length < MAC_LENGTH) return undefined;
    const nonce = blockNonce(number);
    return this.#primitives.ccmOpen(this.#blockKey, nonce, this.#context, sealed, MAC_LENGTH);
  }

  /** Forgets the keys. */
  end(): void {
    wipe(this.#macKey, this.#blockKey);
  }

  #mac(kind: number, data: Uint8Array = new Uint8Array(0)): Uint8Array {
    return this.#primitives
      .hmac("sha-256", this.#macKey, concat(kind, this.#context, data))
      .slice(0, MAC_LENGTH);
  }
}

/** RFC 3610 §2.3 wants one for each block under a key. */
function blockNonce(number: number): Uint8Array {
  return concat(new Uint8Array(CCM_NONCE_LENGTH - 2), uint(number, 2));
}
