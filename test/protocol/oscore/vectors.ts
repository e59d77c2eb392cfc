/** The test vectors of RFC 8613 appendix C, in hexadecimal. */

const masterSecret = "0102030405060708090a0b0c0d0e0f10";
const masterSalt = "9e7ca92223786340";

/** Appendix C.1 to C.3: a context as the client has it; the server's is its mirror image. */
export const contexts = {
  "C.1": {
    input: { masterSecret, masterSalt, senderId: "", recipientId: "01" },
    infos: ["8540f60a634b657910", "854101f60a634b657910", "8540f60a6249560d"],
    senderKey: "f0910ed7295e6ad4b54fc793154302ff",
    recipientKey: "ffb14e093c94c9cac9471648b4f98710",
    commonIv: "4622d4dd6d944168eefb54987c",
    senderNonce: "4622d4dd6d944168eefb54987c",
    recipientNonce: "4722d4dd6d944169eefb54987c",
  },
  "C.2": {
    input: { masterSecret, senderId: "00", recipientId: "01" },
    infos: ["854100f60a634b657910", "854101f60a634b657910", "8540f60a6249560d"],
    senderKey: "321b26943253c7ffb6003b0b64d74041",
    recipientKey: "e57b5635815177cd679ab4bcec9d7dda",
    commonIv: "be35ae297d2dace910c52e99f9",
    senderNonce: "bf35ae297d2dace910c52e99f9",
    recipientNonce: "bf35ae297d2dace810c52e99f9",
  },
  "C.3": {
    input: { masterSecret, masterSalt, senderId: "", recipientId: "01", idContext: "37cbf3210017a2d3" },
    infos: [
      "85404837cbf3210017a2d30a634b657910",
      "8541014837cbf3210017a2d30a634b657910",
      "85404837cbf3210017a2d30a6249560d",
    ],
    senderKey: "af2a1300a5e95788b356336eeecd2b92",
    recipientKey: "e39a0c7c77b43f03b4b39ab9a268699f",
    commonIv: "2ca58fb85ff1b81c0b7181b85e",
    senderNonce: "2ca58fb85ff1b81c0b7181b85e",
    recipientNonce: "2da58fb85ff1b81d0b7181b85e",
  },
} as const;
export type ContextName = keyof typeof contexts;

/** Appendix C.4 to C.6: requests with sequence number 20. */
export const requests = {
  "C.4": {
    context: "C.1",
    unprotected: "44015d1f00003974396c6f63616c686f737483747631",
    aad: "8368456e63727970743040488501810a40411440",
    plaintext: "01b3747631",
    nonce: "4622d4dd6d944168eefb549868",
    option: "0914",
    protected: "44025d1f00003974396c6f63616c686f7374620914ff612f1092f1776f1c1668b3825e",
  },
  "C.5": {
    context: "C.2",
    unprotected: "440171c30000b932396c6f63616c686f737483747631",
    aad: "8368456e63727970743040498501810a4100411440",
    plaintext: "01b3747631",
    nonce: "bf35ae297d2dace910c52e99ed",
    option: "091400",
    protected: "440271c30000b932396c6f63616c686f737463091400ff4ed339a5a379b0b8bc731fffb0",
  },
  "C.6": {
    context: "C.3",
    unprotected: "44012f8eef9bbf7a396c6f63616c686f737483747631",
    aad: "8368456e63727970743040488501810a40411440",
    plaintext: "01b3747631",
    nonce: "2ca58fb85ff1b81c0b7181b84a",
    option: "19140837cbf3210017a2d3",
    protected: "44022f8eef9bbf7a396c6f63616c686f73746b19140837cbf3210017a2d3ff72cd7273fd331ac45cffbe55c3",
  },
} as const;
export type RequestName = keyof typeof requests;
export const REQUEST_NUMBER = 20;

/** Appendix C.7 and C.8: responses to C.4, without a Partial IV and with number 0. */
export const responses = {
  "C.7": {
    sequenceNumber: undefined,
    plaintext: "45ff48656c6c6f20576f726c6421",
    nonce: "4622d4dd6d944168eefb549868",
    option: "",
    protected: "64445d1f0000397490ffdbaad1e9a7e7b2a813d3c31524378303cdafae119106",
  },
  "C.8": {
    sequenceNumber: 0,
    plaintext: "45ff48656c6c6f20576f726c6421",
    nonce: "4722d4dd6d944169eefb54987c",
    option: "0100",
    protected: "64445d1f00003974920100ff4d4c13669384b67354b2b6175ff4b8658c666a6cf88e",
  },
} as const;
export const unprotectedResponse = "64455d1f00003974ff48656c6c6f20576f726c6421";

/** Option values of RFC 8613 §6.3. */
export const optionValues = [
  ["090525", { piv: "05", kid: "25" }],
  ["0900", { piv: "00", kid: "" }],
  ["19050544616c656b", { piv: "05", kidContext: "44616c656b", kid: "" }],
  ["", {}],
  ["0107", { piv: "07" }],
] as const;
