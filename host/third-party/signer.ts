/** Whom a third party believes that asks for an exchange: a Responder to which it would pass shares. */

import type { KeyObject } from "node:crypto";
import { type Identity, identityToText } from "../../protocol/mikey/identity.js";
import { CertificateError, type TrustAnchor, validateChain } from "../authority/certificate.js";

/** The key with which a Responder signs, out of its chain. Throws a CertificateError when it is not to be believed. */
export type SignerOf = (responder: Identity, chain: readonly Uint8Array[]) => KeyObject;

/** Believes the Responders that are known by name, under certificates of `root`: theirs may be newer than the known. */
export function responderSigner(root: TrustAnchor, isKnown: (name: string) => boolean): SignerOf {
  return (identity, chain) => {
    const name = identityToText(identity);
    if (!isKnown(name)) throw new CertificateError("identity", `${name} is not known here`);
    const question = { chain, root, now: Date.now(), identity, role: "responder", signs: true } as const;
    return validateChain(question).publicKey;
  };
}
