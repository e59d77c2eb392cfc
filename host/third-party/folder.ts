/** A third party out of its folder: who it is, which sensors are enrolled with it, which Responders it knows. */

import { existsSync } from "node:fs";
import { join } from "node:path";
import { ascii, wipe } from "../../protocol/bytes.js";
import type { ForwardingParty } from "../../protocol/exchange/forward-message.js";
import { type Policy, shareIndex } from "../../protocol/exchange/policy.js";
import { type Identity, identityToText, sameIdentity } from "../../protocol/mikey/identity.js";
import { ErrorNumbers } from "../../protocol/mikey/numbers.js";
import { Refusal } from "../../protocol/mikey/refusal.js";
import {
  CertificateError,
  certificateHash,
  type TrustAnchor,
  validateChain,
} from "../authority/certificate.js";
import { parseAddress } from "../coap/address.js";
import { FileError, inFile } from "../enrolment/files.js";
import {
  type ResponderEntry as Entry,
  enrolmentPath,
  forgetPsk,
  readEnrolments,
  readResponders,
} from "../enrolment/folders.js";
import type { OnEvent } from "../events.js";
import { FreshFile } from "../fresh-file.js";
import { readOwnFolder } from "../own-folder.js";
import { sign, signatureLength, wrapEnvelopeKey } from "../public-key.js";
import type { ResponderEntry, SensorEnrolment, ThirdPartyOptions } from "./options.js";
import { responderSigner } from "./signer.js";

/**
 * The options of a third party that its folder holds. Enrolments and Responders that are added later are found
 * when somebody asks for them. Throws a FileError for what is wrong now; `onEvent` hears what is wrong later.
 */
export function thirdPartyFromFolder(
  folder: string,
  onEvent: OnEvent,
): Pick<ThirdPartyOptions, "party" | "current" | "sensor" | "sensors" | "bundled" | "responder" | "signer"> {
  const { party, root } = readSelf(folder);
  const { identity } = party;
  const onError = (error: unknown) => {
    if (!(error instanceof FileError)) throw error;
    onEvent({ event: "fault", where: "enrolment", reason: error.message });
  };
  const enrolments = join(folder, "enrolments");
  const responders = join(folder, "responders.json");
  const self = new FreshFile(folder, () => readSelf(folder, identity).party, onError);
  const sensors = new FreshFile(enrolments, () => readSensors(folder, identity, onError), onError);
  const known = new FreshFile(responders, () => readKnown(folder, responders, root), onError);
  return {
    party,
    current: () => self.current(),
    sensor: (name) => sensors.current().get(name),
    sensors: () => sensors.current(),
    bundled: (handle) =>
      [...sensors.current().values()].filter(
        ({ gateway, pseudonyms }) => gateway?.handle === handle && pseudonyms === undefined,
      ),
    responder: (name) => {
      const entry = known.current().get(name);
      return entry && certifiedNow(entry, root);
    },
    signer: responderSigner(root, (name) => known.current().has(name)),
  };
}

/** Who a third party is, with the key and certificate of its folder. They may change; `expected` may not. */
function readSelf(folder: string, expected?: Identity): { party: ForwardingParty; root: TrustAnchor } {
  const { certified, privateKey, chain, root } = readOwnFolder(folder, "third-party");
  const { identity } = certified;
  if (expected !== undefined && !sameIdentity(identity, expected)) {
    throw new FileError(join(folder, "chain.pem"), "is of another party since this program began");
  }
  const party = {
    identity,
    chain,
    sign: (data: Uint8Array) => sign(privateKey, data),
    signatureLength: signatureLength(privateKey),
  };
  return { party, root };
}

function readSensors(
  folder: string,
  self: Identity,
  onError: (error: unknown) => void,
): Map<string, SensorEnrolment> {
  const sensors = new Map<string, SensorEnrolment>();
  for (const enrolment of readEnrolments(folder)) {
    const { policy, t, gateway, pseudonyms } = enrolment;
    const name = identityToText(policy.sensor);
    const path = enrolmentPath(folder, policy.sensor);
    if (sensors.has(name)) throw new FileError(path, `another file enrols ${name} too`);
    refuseOtherParty(path, policy, self);
    const statement = inFile(path, () => ascii(enrolment.statement));
    let { psk } = enrolment;
    sensors.set(name, {
      policy,
      statement,
      get start() {
        return psk && { t, keys: psk };
      },
      taken() {
        const taken = psk;
        psk = undefined;
        if (taken === undefined) return;
        try {
          forgetPsk(path, taken);
        } catch (error) {
          onError(error);
        } finally {
          wipe(taken);
        }
      },
      ...(gateway !== undefined && { gateway }),
      ...(pseudonyms !== undefined && { pseudonyms }),
    });
  }
  return sensors;
}

/** A file that was meant for another third party would be found out only by the Responder. */
function refuseOtherParty(path: string, policy: Policy, self: Identity): void {
  if (shareIndex(policy, self) > 0) return;
  throw new FileError(
    path,
    `policy: ${identityToText(self)}, whose folder this is, is not among the third parties`,
  );
}

/** A third party may run before it knows any Responder. */
function readKnown(folder: string, path: string, root: TrustAnchor): Map<string, Entry> {
  const known = new Map<string, Entry>();
  if (!existsSync(path)) return known;
  readResponders(folder).forEach((entry, i) => {
    const name = identityToText(entry.identity);
    inFile(path, () => {
      if (known.has(name)) throw new SyntaxError(`[${i}].identity: ${name} stands there twice`);
      parseAddress(entry.address);
    });
    const complaint = complaintAbout(entry, root);
    // Others must not go without their Responders because one's certificate has run out.
    if (complaint !== undefined && complaint.clause !== "expired" && complaint.clause !== "not yet valid") {
      throw new FileError(path, `[${i}].${complaint.message}`, { cause: complaint });
    }
    known.set(name, entry);
  });
  return known;
}

/** An envelope is only for whom the authority stands behind today. */
function certifiedNow(entry: Entry, root: TrustAnchor): ResponderEntry {
  const complaint = complaintAbout(entry, root);
  if (complaint !== undefined) {
    throw new Refusal(
      ErrorNumbers.unreachable,
      `Responder ${identityToText(entry.identity)}: ${complaint.message}`,
    );
  }
  return {
    address: entry.address,
    certificateHash: certificateHash(entry.certificate),
    wrap: (envelopeKey) => wrapEnvelopeKey(entry.certificate, envelopeKey),
  };
}

function complaintAbout({ certificate, identity }: Entry, root: TrustAnchor): CertificateError | undefined {
  try {
    validateChain({ chain: [certificate], root, now: Date.now(), identity, role: "responder" });
    return undefined;
  } catch (error) {
    if (error instanceof CertificateError) return error;
    throw error;
  }
}
