/**
 * The enroller's end of an enrolment (docs/protocol.md, "Enrolment of a board"): a board's requests go in, answers come
 * out. Blocks go only to a board that has shown that it has the code; nothing is believed stored before its proof.
 */

import { equal } from "../../protocol/bytes.js";
import type { Message } from "../../protocol/coap/message.js";
import { Codes, OptionNumbers } from "../../protocol/coap/numbers.js";
import {
  type BoardRequest,
  decodeRequest,
  type EnrollerAnswer,
  encodeAnswer,
} from "../../protocol/enrolment/messages.js";
import {
  BLOCK_LENGTH,
  ENROLMENT_PATH,
  MAX_IMAGE,
  NONCE_LENGTH,
  refusals,
} from "../../protocol/enrolment/numbers.js";
import { codeId, EnrolmentSession } from "../../protocol/enrolment/session.js";
import type { Primitives, RandomSource } from "../../protocol/primitives.js";
import { type Answer, bare } from "../coap/answer.js";

export interface EnrollerOptions {
  readonly primitives: Primitives;
  readonly random: RandomSource;
  /** The board's code. */
  readonly code: Uint8Array;
  /** What the board is to store, 16 to 3072 bytes. */
  readonly image: Uint8Array;
  /** The code that the image gives the board: a board that has it has stored the image before. */
  readonly nextCode: Uint8Array;
  onEvent(event: EnrollerEvent): void;
}

export type EnrollerEvent =
  /** A board with another code is there; it got no offer. */
  | { readonly kind: "stranger" }
  /** A board with the code is there. */
  | { readonly kind: "begun" }
  /** It asks for block `number`, from 0. */
  | { readonly kind: "block"; readonly number: number; readonly count: number }
  /** `proven`: by a MAC over what its storage gave back; else by having the image's code. */
  | { readonly kind: "stored"; readonly proven: boolean }
  /** `authentic`: it is the board that says so, not somebody at the link. */
  | { readonly kind: "refused"; readonly reason: string; readonly authentic: boolean };

export class Enroller {
  readonly #options: EnrollerOptions;
  readonly #count: number;
  #session: EnrolmentSession | undefined;
  #stored = false;

  /** Throws a RangeError for an image that no board takes. */
  constructor(options: EnrollerOptions) {
    const { length } = options.image;
    if (length < options.nextCode.length || length > MAX_IMAGE) {
      throw new RangeError(`enrolment: ${length} bytes, and a board takes at most ${MAX_IMAGE}`);
    }
    this.#options = options;
    this.#count = Math.ceil(length / BLOCK_LENGTH);
  }

  /** The answer to a board's CoAP request. */
  answer({ code, options, payload }: Message): Answer {
    const path = options.filter(({ number }) => number === OptionNumbers.uriPath);
    const isOurs = path.length === 1 && Buffer.from(path[0].value).toString("latin1") === ENROLMENT_PATH;
    if (!isOurs) return bare(Codes.notFound);
    if (code !== Codes.POST) return bare(Codes.methodNotAllowed);
    const request = decodeRequest(payload);
    if (request === undefined) return bare(Codes.badRequest);
    const answer = this.#answer(request);
    if (answer === undefined) return bare(Codes.unauthorized);
    return {
      ...bare(Codes.changed),
      payload: answer === "nothing" ? new Uint8Array(0) : encodeAnswer(answer),
    };
  }

  /** Forgets the keys. */
  end(): void {
    this.#session?.end();
    this.#session = undefined;
  }

  /** Undefined for a board that has not the code. */
  #answer(request: BoardRequest): EnrollerAnswer | "nothing" | undefined {
    switch (request.kind) {
      case "hello":
        return this.#hello(request.nonce, request.codeId);
      case "block":
        return this.#block(request.number, request.mac);
      case "stored":
        return this.#proof(request.mac);
      case "refused": {
        const { reason, mac } = request;
        const expected = this.#session?.refusedMac(refusals.indexOf(reason));
        const authentic = expected !== undefined && equal(mac, expected);
        this.#options.onEvent({ kind: "refused", reason, authentic });
        return "nothing";
      }
    }
  }

  #hello(nonce: Uint8Array, id: Uint8Array): EnrollerAnswer | undefined {
    const { primitives, random, code, image, nextCode, onEvent } = this.#options;
    if (equal(id, codeId(primitives, nextCode, nonce))) {
      if (!this.#stored) onEvent({ kind: "stored", proven: false });
      this.#stored = true;
      return undefined;
    }
    if (!equal(id, codeId(primitives, code, nonce))) {
      onEvent({ kind: "stranger" });
      return undefined;
    }
    this.end();
    const own = random(NONCE_LENGTH);
    this.#session = new EnrolmentSession(primitives, code, nonce, own, image.length);
    onEvent({ kind: "begun" });
    return { kind: "offer", nonce: own, length: image.length, mac: this.#session.offerMac() };
  }

  #block(number: number, mac: Uint8Array): EnrollerAnswer | undefined {
    const session = this.#session;
    if (session === undefined || number >= this.#count || !equal(mac, session.blockMac(number)))
      return undefined;
    const { image, onEvent } = this.#options;
    onEvent({ kind: "block", number, count: this.#count });
    const bytes = image.subarray(number * BLOCK_LENGTH, (number + 1) * BLOCK_LENGTH);
    return { kind: "block", number, sealed: session.sealBlock(number, bytes) };
  }

  #proof(mac: Uint8Array): EnrollerAnswer | undefined {
    const session = this.#session;
    if (session === undefined || !equal(mac, session.storedMac(this.#options.image))) return undefined;
    if (!this.#stored) this.#options.onEvent({ kind: "stored", proven: true });
    this.#stored = true;
    return { kind: "accepted", mac: session.acceptedMac() };
  }
}
