/**
 * Everybody whom an exchange needs, with real keys and certificates, for the tests of third parties and Responders:
 * an authority, three third parties and a Responder, a sensor with 2 of 3 shares, and a second authority that
 * nobody here trusts.
 */

import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { certificateHash, type TrustAnchor, trustAnchor } from "../../../host/authority/certificate.js";
import { createLeaf, createRoot, type Issuer } from "../../../host/authority/certify.js";
import type { Role } from "../../../host/authority/roles.js";
import { signStatement } from "../../../host/enrolment/statement.js";
import { primitives, randomSource } from "../../../host/primitives.js";
import { sign, signatureLength, unwrapEnvelopeKey, wrapEnvelopeKey } from "../../../host/public-key.js";
import type { Store } from "../../../host/store/store.js";
import { ascii } from "../../../protocol/bytes.js";
import { laterPsk } from "../../../protocol/exchange/chain.js";
import type {
  ForwardingParty,
  KnownResponder,
  ReceivingResponder,
} from "../../../protocol/exchange/forward-message.js";
import { beginExchange, type WaitingInitiator } from "../../../protocol/exchange/initiator.js";
import type { Policy } from "../../../protocol/exchange/policy.js";
import { referenceSteps } from "../../../protocol/exchange/reference-steps.js";
import { type Identity, identityFromText } from "../../../protocol/mikey/identity.js";
import { weightMatrix } from "../../../protocol/shares/weights.js";

export const DAY = 24 * 60 * 60_000;
/** Milliseconds after which what is tested has hung. */
export const PATIENCE = 5_000;

export interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

export interface Certified extends KeyPair {
  readonly identity: Identity;
  readonly certificate: Uint8Array;
}

export interface World {
  readonly authority: Issuer & TrustAnchor;
  /** Another one. */
  readonly stranger: Issuer & TrustAnchor;
  /** party-01, party-02, party-03. */
  readonly parties: readonly Certified[];
  readonly hospital: Certified;
  /** A key of nobody. */
  readonly spare: KeyPair;
  readonly policy: Policy;
  readonly psks: readonly Uint8Array[];
  readonly statement: Uint8Array;
}

let made: Promise<World> | undefined;

/** The same for all tests: RSA keys take long to make. */
export function world(): Promise<World> {
  made ??= makeWorld();
  return made;
}

export function keyPair(): KeyPair {
  return generateKeyPairSync("rsa", { modulusLength: 2048 });
}

export async function makeAuthority(): Promise<Issuer & TrustAnchor> {
  const { publicKey, privateKey } = keyPair();
  const certificate = await createRoot(publicKey, privateKey, { now: Date.now(), days: 30 });
  return { ...trustAnchor(certificate), privateKey };
}

export interface Certification {
  readonly issuer: Issuer;
  readonly role: Role;
  readonly keys?: KeyPair;
  /** When it is made, in milliseconds from now; it holds for a day. */
  readonly at?: number;
}

export async function certified(
  name: string,
  { issuer, role, keys, at = 0 }: Certification,
): Promise<Certified> {
  const identity = identityFromText(name);
  const { publicKey, privateKey } = keys ?? keyPair();
  const validity = { now: Date.now() + at, days: 1 };
  const certificate = await createLeaf(issuer, { identity, role, publicKey }, validity);
  return { identity, publicKey, privateKey, certificate };
}

/** A statement of a policy that nobody has checked; made `at` milliseconds from now, it holds for a day. */
export async function stated(authority: Issuer & TrustAnchor, policy: Policy, at = 0): Promise<Uint8Array> {
  return ascii(await signStatement(authority, policy, { now: Date.now() + at, days: 1 }));
}

async function makeWorld(): Promise<World> {
  const authority = await makeAuthority();
  const parties = await Promise.all(
    ["party-01", "party-02", "party-03"].map((name) =>
      certified(name, { issuer: authority, role: "third-party" }),
    ),
  );
  const policy: Policy = {
    sensor: identityFromText("sensor01"),
    threshold: 2,
    privacy: 1,
    suite: "aes-ccm-128",
    thirdParties: parties.map(({ identity }) => identity),
  };
  return {
    authority,
    stranger: await makeAuthority(),
    parties,
    hospital: await certified("hospital", { issuer: authority, role: "responder" }),
    spare: keyPair(),
    policy,
    psks: parties.map(() => randomSource(16)),
    statement: await stated(authority, policy),
  };
}

/** A third party as it presents itself. */
export function presented({ identity, certificate, privateKey }: Certified): ForwardingParty {
  return {
    identity,
    chain: [certificate],
    sign: (data) => sign(privateKey, data),
    signatureLength: signatureLength(privateKey),
  };
}

/** A Responder as third parties know it. */
export function known({ certificate }: Certified): KnownResponder {
  return {
    certificateHash: certificateHash(certificate),
    wrap: (envelopeKey) => wrapEnvelopeKey(certificate, envelopeKey),
  };
}

/** A Responder with its own keys. */
export function receiving({ identity, certificate, privateKey }: Certified): ReceivingResponder {
  return {
    identity,
    certificateHash: certificateHash(certificate),
    unwrap: (wrapped) => unwrapEnvelopeKey(privateKey, wrapped),
  };
}

/** The sensor begins an exchange; `change` is what it was enrolled with instead. */
export function begin(
  { policy, psks, hospital }: World,
  t: number,
  change: { readonly policy?: Policy; readonly responder?: Identity } = {},
): WaitingInitiator {
  const enrolled = change.policy ?? policy;
  const { threshold, privacy } = enrolled;
  const shares = enrolled.thirdParties.length;
  const credentials = {
    policy: enrolled,
    psks: enrolled.thirdParties.map((_, i) =>
      laterPsk(primitives, psks[i] ?? new Uint8Array(16).fill(i + 1), t - 1),
    ),
    weights: weightMatrix({ threshold, privacy, shares }),
  };
  return beginExchange(
    referenceSteps(primitives),
    randomSource,
    credentials,
    change.responder ?? hospital.identity,
    t,
  );
}

/** The PSK of third party x for a T: the world's are those of T 1. */
export function pskAt({ psks }: Pick<World, "psks">, x: number, t: number): Uint8Array {
  return laterPsk(primitives, psks[x - 1], t - 1);
}

/** All that a store holds, to be compared. */
export function contents(store: Store, ...tables: string[]): unknown {
  return tables.map((name) => [name, store.table(name).entries()]);
}

/** What a promise gives; rejects when it takes too long. */
export function soon<T>(promise: Promise<T> | T, patience = PATIENCE): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`nothing within ${patience} ms`)), patience);
  });
  return Promise.race([Promise.resolve(promise), late]).finally(() => clearTimeout(timer));
}
