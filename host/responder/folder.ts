/** A Responder out of its folder: who it is, what opens its envelopes, whom it believes. */

import { join } from "node:path";
import { equal } from "../../protocol/bytes.js";
import type { ReceivingResponder } from "../../protocol/exchange/forward-message.js";
import { sameIdentity } from "../../protocol/mikey/identity.js";
import { FileError } from "../enrolment/files.js";
import type { OnEvent } from "../events.js";
import { FreshFile } from "../fresh-file.js";
import { readOwnFolder } from "../own-folder.js";
import { unwrapEnvelopeKey } from "../public-key.js";
import type { ResponderOptions } from "./options.js";
import { voucher } from "./vouch.js";

/** A key and until when its certificate holds, as Unix time in milliseconds. */
interface Keyed {
  readonly receiver: ReceivingResponder;
  readonly notAfter: number;
}

/**
 * The options of a Responder that its folder holds. A new key and certificate are found when somebody sends; the one
 * before opens envelopes until its certificate ends or this process does, for who has not heard of the new one. Throws a
 * FileError for what is wrong now; `onEvent` hears what is wrong later.
 */
export function responderFromFolder(
  folder: string,
  onEvent: OnEvent = () => {},
): Pick<ResponderOptions, "responder" | "receiver" | "vouch"> {
  let before: Keyed | undefined;
  const own = readKeyed(folder);
  let last = own.keyed;
  const { identity } = last.receiver;
  const keys = new FreshFile(
    folder,
    () => {
      const found = readKeyed(folder);
      if (sameIdentity(found.keyed.receiver.identity, identity)) return found;
      throw new FileError(join(folder, "chain.pem"), "is of another party since this program began");
    },
    (error) => {
      if (!(error instanceof FileError)) throw error;
      onEvent({ event: "fault", where: "certificate", reason: error.message });
    },
  );
  return {
    responder: last.receiver,
    receiver(hash) {
      const { keyed } = keys.current();
      if (!equal(keyed.receiver.certificateHash, last.receiver.certificateHash)) {
        before = last;
        last = keyed;
      }
      if (before !== undefined && before.notAfter <= Date.now()) before = undefined;
      return [last, ...(before === undefined ? [] : [before])]
        .map(({ receiver }) => receiver)
        .find(({ certificateHash }) => equal(certificateHash, hash));
    },
    vouch: voucher(own.root),
  };
}

function readKeyed(folder: string): { readonly keyed: Keyed; readonly root: Parameters<typeof voucher>[0] } {
  const { certified, privateKey, root } = readOwnFolder(folder, "responder");
  const { identity, certificateHash, notAfter } = certified;
  const unwrap = (wrapped: Uint8Array) => unwrapEnvelopeKey(privateKey, wrapped);
  return { keyed: { receiver: { identity, certificateHash, unwrap }, notAfter }, root };
}
