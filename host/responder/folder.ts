/** A Responder out of its folder: who it is, what opens its envelopes, whom it believes. */

import { readOwnFolder } from "../own-folder.js";
import { unwrapEnvelopeKey } from "../public-key.js";
import type { ResponderOptions } from "./responder.js";
import { voucher } from "./vouch.js";

/** The options of a Responder that its folder holds. Throws a FileError. */
export function responderFromFolder(folder: string): Pick<ResponderOptions, "responder" | "vouch"> {
  const { certified, privateKey, root } = readOwnFolder(folder, "responder");
  const { identity, certificateHash } = certified;
  return {
    responder: { identity, certificateHash, unwrap: (wrapped) => unwrapEnvelopeKey(privateKey, wrapped) },
    vouch: voucher(root),
  };
}
