/** Every number of the enrolment of a board (docs/protocol.md, "Enrolment of a board"). */

export const ENROLMENT_VERSION = 1;

/** Where the enroller takes the board's requests: the Uri-Path. */
export const ENROLMENT_PATH = "enrol";

/** First byte of what the board asks. */
export const Requests = { hello: 0x01, block: 0x02, stored: 0x03, refused: 0x04 } as const;

/** First byte of what the enroller answers: that of its request, and 0x80. */
export const Answers = { offer: 0x81, block: 0x82, accepted: 0x83 } as const;

/** Bytes. */
export const NONCE_LENGTH = 16;
export const CODE_ID_LENGTH = 8;
export const MAC_LENGTH = 16;

/** Bytes of the image in a block, but for the last: with all around it a block fits an ATT MTU of 185. */
export const BLOCK_LENGTH = 128;

/** The longest image, in bytes: with what else a board keeps it has place in a sector of 4 KB. */
export const MAX_IMAGE = 3_072;

/** Why a board refuses; it tells the number. */
export const refusals = [
  "the enroller does not have the board's code",
  "too many attempts with a wrong code",
  "the time for an enrolment is up",
  "a block is not the enroller's",
  "the enrolment makes no sense",
  "the board has no PSK that could be kept",
  "the board can't store it",
] as const;
export type RefusalReason = (typeof refusals)[number];
