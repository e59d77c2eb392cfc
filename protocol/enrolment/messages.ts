/** The payloads of an enrolment as both ends write and read them. Readers give undefined for what is malformed. */

import { concat, readUint, uint } from "../bytes.js";
import {
  Answers,
  BLOCK_LENGTH,
  CODE_ID_LENGTH,
  ENROLMENT_VERSION,
  MAC_LENGTH,
  MAX_IMAGE,
  NONCE_LENGTH,
  type RefusalReason,
  Requests,
  refusals,
} from "./numbers.js";

/** What a board asks. */
export type BoardRequest =
  | { readonly kind: "hello"; readonly nonce: Uint8Array; readonly codeId: Uint8Array }
  | { readonly kind: "block"; readonly number: number; readonly mac: Uint8Array }
  | { readonly kind: "stored"; readonly mac: Uint8Array }
  /** `mac` is empty before there are keys: anybody may have said so. */
  | { readonly kind: "refused"; readonly reason: RefusalReason; readonly mac: Uint8Array };

/** What the enroller answers. */
export type EnrollerAnswer =
  | {
      readonly kind: "offer";
      readonly nonce: Uint8Array;
      readonly length: number;
      readonly mac: Uint8Array;
    }
  | { readonly kind: "block"; readonly number: number; readonly sealed: Uint8Array }
  | { readonly kind: "accepted"; readonly mac: Uint8Array };

export function encodeRequest(request: BoardRequest): Uint8Array {
  const kind = Requests[request.kind];
  switch (request.kind) {
    case "hello":
      return concat(kind, ENROLMENT_VERSION, request.nonce, request.codeId);
    case "block":
      return concat(kind, uint(request.number, 2), request.mac);
    case "stored":
      return concat(kind, request.mac);
    case "refused":
      return concat(kind, refusals.indexOf(request.reason), request.mac);
  }
}

export function decodeRequest(payload: Uint8Array): BoardRequest | undefined {
  const { length } = payload;
  switch (payload[0]) {
    case Requests.hello: {
      if (length !== 2 + NONCE_LENGTH + CODE_ID_LENGTH || payload[1] !== ENROLMENT_VERSION) return undefined;
      const nonce = payload.slice(2, 2 + NONCE_LENGTH);
      return { kind: "hello", nonce, codeId: payload.slice(2 + NONCE_LENGTH) };
    }
    case Requests.block:
      if (length !== 3 + MAC_LENGTH) return undefined;
      return { kind: "block", number: readUint(payload, 1, 2), mac: payload.slice(3) };
    case Requests.stored:
      if (length !== 1 + MAC_LENGTH) return undefined;
      return { kind: "stored", mac: payload.slice(1) };
    case Requests.refused: {
      const reason = refusals[payload[1]];
      if (reason === undefined || (length !== 2 && length !== 2 + MAC_LENGTH)) return undefined;
      return { kind: "refused", reason, mac: payload.slice(2) };
    }
    default:
      return undefined;
  }
}

export function encodeAnswer(answer: EnrollerAnswer): Uint8Array {
  const kind = Answers[answer.kind];
  switch (answer.kind) {
    case "offer":
      return concat(kind, answer.nonce, uint(answer.length, 2), answer.mac);
    case "block":
      return concat(kind, uint(answer.number, 2), answer.sealed);
    case "accepted":
      return concat(kind, answer.mac);
  }
}

export function decodeAnswer(payload: Uint8Array): EnrollerAnswer | undefined {
  const { length } = payload;
  switch (payload[0]) {
    case Answers.offer: {
      if (length !== 3 + NONCE_LENGTH + MAC_LENGTH) return undefined;
      const imageLength = readUint(payload, 1 + NONCE_LENGTH, 2);
      if (imageLength === 0 || imageLength > MAX_IMAGE) return undefined;
      const nonce = payload.slice(1, 1 + NONCE_LENGTH);
      return { kind: "offer", nonce, length: imageLength, mac: payload.slice(3 + NONCE_LENGTH) };
    }
    case Answers.block:
      if (length <= 3 + MAC_LENGTH || length > 3 + BLOCK_LENGTH + MAC_LENGTH) return undefined;
      return { kind: "block", number: readUint(payload, 1, 2), sealed: payload.slice(3) };
    case Answers.accepted:
      if (length !== 1 + MAC_LENGTH) return undefined;
      return { kind: "accepted", mac: payload.slice(1) };
    default:
      return undefined;
  }
}
