/** The five messages of profile 1, under real RSA keys and certificates. */

import { createHash } from "node:crypto";
import { createLeaf, createRoot } from "../../../host/authority/certify.js";
import { generateRsaKeys } from "../../../host/authority/rsa-keys.js";
import { primitives, randomSource as random } from "../../../host/primitives.js";
import { sign, signatureLength, wrapEnvelopeKey } from "../../../host/public-key.js";
import { ascii } from "../../../protocol/bytes.js";
import { createConfirmation } from "../../../protocol/exchange/confirmation.js";
import { createForwardMessage, readForwardMessage } from "../../../protocol/exchange/forward-message.js";
import { createForwardVerification } from "../../../protocol/exchange/forward-verification.js";
import type { Policy } from "../../../protocol/exchange/policy.js";
import { createSession, type Session } from "../../../protocol/exchange/session.js";
import {
  consumeShareMessage,
  createShareMessages,
  readShareMessage,
} from "../../../protocol/exchange/share-message.js";
import { createShareVerification } from "../../../protocol/exchange/share-verification.js";
import { identityFromText } from "../../../protocol/mikey/identity.js";
import type { SuiteName } from "../../../protocol/mikey/suites.js";
import { weightMatrix } from "../../../protocol/shares/weights.js";

export type MessageName = "I_TP" | "TP_I" | "TP_R" | "R_TP" | "R_I";

export interface ProfileMessages {
  readonly messages: Readonly<Record<MessageName, Uint8Array>>;
  readonly session: Session;
  readonly psk: Uint8Array;
  readonly tgk: Uint8Array;
  readonly envelopeKey: Uint8Array;
}

const validity = { now: Date.UTC(2026, 0, 1), days: 365 };
const thirdParty = identityFromText("tp1@example");
const responder = identityFromText("r@hospital.example");

const authorityKeys = await generateRsaKeys(2048);
const partyKeys = await generateRsaKeys(2048);
const root = await createRoot(authorityKeys.publicKey, authorityKeys.privateKey, validity);
const issuer = { certificate: root, privateKey: authorityKeys.privateKey };
const leaf = await createLeaf(
  issuer,
  { identity: thirdParty, role: "third-party", publicKey: partyKeys.publicKey },
  validity,
);

const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
/** In form a statement; nobody checks it here. */
const statement = ascii(`${part({ alg: "PS256" })}.${part({ sub: "sensor-1@example" })}.c2lnbmF0dXJl`);

/** One exchange's messages, through the first of three third parties. */
export function profileMessages(suite: SuiteName): ProfileMessages {
  const policy: Policy = {
    sensor: identityFromText("0x5e45a01107b3c2d4"),
    threshold: 2,
    privacy: 1,
    suite,
    thirdParties: [thirdParty, identityFromText("tp2@example"), identityFromText("tp3@example")],
  };
  const session = createSession(primitives, policy, responder, random(8), 7);
  const psks = [random(16), random(16), random(16)];
  const tgk = random(16);
  const weights = weightMatrix(session.sharing);
  const [share] = createShareMessages(primitives, session, psks, weights, tgk);
  const accepted = consumeShareMessage(primitives, readShareMessage(share), policy, psks[0]);
  const forward = createForwardMessage(
    primitives,
    random,
    accepted,
    {
      identity: thirdParty,
      chain: [leaf],
      sign: (data) => sign(partyKeys.privateKey, data),
      signatureLength: signatureLength(partyKeys.privateKey),
    },
    {
      certificateHash: new Uint8Array(createHash("sha256").update(leaf).digest()),
      wrap: (envelopeKey) => wrapEnvelopeKey(partyKeys.publicKey, envelopeKey),
    },
    statement,
    Date.UTC(2026, 5, 1),
  );
  const { envelopeKey } = forward;
  const { timestamp } = readForwardMessage(forward.bytes);
  const confirmation = createConfirmation(primitives, session, tgk, {
    nonce: random(8),
    senderId: Uint8Array.of(5),
  });
  const context = { session, thirdParty, timestamp, envelopeKey };
  return {
    messages: {
      I_TP: share,
      TP_I: createShareVerification(primitives, session, thirdParty, psks[0], confirmation),
      TP_R: forward.bytes,
      R_TP: createForwardVerification(primitives, context, confirmation),
      R_I: confirmation,
    },
    session,
    psk: psks[0],
    tgk,
    envelopeKey,
  };
}
