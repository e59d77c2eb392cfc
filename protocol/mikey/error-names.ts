/** ERR numbers for people; boards do with the numbers. */

/** What an ERR number says (RFC 3830 §6.12, RFC 4738, RFC 6043; 241–243 are Symbolon's). */
export function errorName(error: number): string {
  return errorNames[error] ?? `error ${error}`;
}

const errorNames: Record<number, string | undefined> = {
  0: "Authentication failure",
  1: "Invalid timestamp",
  2: "PRF function not supported",
  3: "MAC algorithm not supported",
  4: "Encryption algorithm not supported",
  5: "Hash function not supported",
  6: "DH group not supported",
  7: "ID not supported",
  8: "Certificate not supported",
  9: "SP type not supported",
  10: "SP parameters not supported",
  11: "Data type not supported",
  12: "Unspecified error",
  13: "Unsupported message type",
  14: "Invalid TICKET",
  15: "Invalid TPpar",
  241: "Bad share",
  242: "No quorum",
  243: "Peer unreachable",
};
