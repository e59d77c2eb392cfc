/** A party's own folder, as its program takes it at the start: a key, and a chain that the authority stands behind. */

import type { KeyObject } from "node:crypto";
import { join } from "node:path";
import { CertificateError, type CertifiedParty, validateChain } from "./authority/certificate.js";
import type { Role } from "./authority/roles.js";
import { FileError } from "./enrolment/files.js";
import { type PartyKeys, readParty } from "./enrolment/folders.js";

export interface OwnParty extends PartyKeys {
  /** What the chain says of this party. */
  readonly certified: CertifiedParty;
  readonly privateKey: KeyObject;
}

/** Where a party keeps what must last. */
export function stateFolder(folder: string): string {
  return join(folder, "state");
}

/** Reads a folder. Throws a FileError; also when nobody would accept this party's certificate. */
export function readOwnFolder(folder: string, role: Role): OwnParty {
  const keys = readParty(folder);
  const { chain, root } = keys;
  try {
    return { ...keys, certified: validateChain({ chain, root, now: Date.now(), role }) };
  } catch (error) {
    if (!(error instanceof CertificateError)) throw error;
    throw new FileError(join(folder, "chain.pem"), error.message, { cause: error });
  }
}
