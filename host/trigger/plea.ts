/**
 * A Responder's plea for an exchange: a JWT (RFC 7519) in a compact JWS with RSA-PSS (PS256, RFC 7518 §3.5), whose header
 * has the Responder's certificate chain (x5c, RFC 7515 §4.1.6) and whose claims are sensor, responder, nonce, iat and exp.
 * The gateway can only read it; third parties check it.
 */

import type { KeyObject } from "node:crypto";
import {
  type CompactJWSHeaderParameters,
  compactVerify,
  decodeJwt,
  decodeProtectedHeader,
  errors,
  type JWTPayload,
  SignJWT,
} from "jose";
import { ascii, concat, readUint, uint } from "../../protocol/bytes.js";
import { TRIGGER_NONCE_LENGTH } from "../../protocol/exchange/trigger.js";
import { type Identity, identityFromText, identityToText } from "../../protocol/mikey/identity.js";

export const PLEA_TYPE = "symbolon-trigger";
const ALGORITHM = "PS256";

/** Milliseconds for which one is good. */
export const PLEA_LIFETIME = 300_000;
/** Milliseconds by which clocks may differ. */
export const PLEA_SKEW = 60_000;
/** Certificates in it: validateChain() takes no more. */
const MAX_CHAIN = 4;

/** What it says. Nothing of it is proven by reading it. Times are Unix times in milliseconds. */
export interface Plea {
  readonly sensor: Identity;
  readonly responder: Identity;
  readonly nonce: Uint8Array;
  readonly issuedAt: number;
  readonly expiresAt: number;
  /** DER, leaf first. */
  readonly chain: readonly Uint8Array[];
}

/** Who signs. */
export interface Pleader {
  readonly identity: Identity;
  readonly chain: readonly Uint8Array[];
  readonly privateKey: KeyObject;
}

/** A plea that is good from `now` (Unix time in milliseconds); `nonce` is 8 random bytes. */
export function signPlea(
  { identity, chain, privateKey }: Pleader,
  sensor: Identity,
  nonce: Uint8Array,
  now: number,
): Promise<string> {
  const issuedAt = Math.floor(now / 1000);
  const claims = {
    sensor: identityToText(sensor),
    responder: identityToText(identity),
    nonce: Buffer.from(nonce).toString("base64url"),
  };
  return new SignJWT(claims)
    .setProtectedHeader({
      alg: ALGORITHM,
      typ: PLEA_TYPE,
      x5c: chain.map((certificate) => Buffer.from(certificate).toString("base64")),
    })
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + PLEA_LIFETIME / 1000)
    .sign(privateKey);
}

/** Reads a plea; whether it holds is not looked at. Throws a SyntaxError that names what is malformed. */
export function readPlea(jws: string): Plea {
  const { header, claims } = decode(jws);
  if (header.typ !== PLEA_TYPE) throw new SyntaxError(`plea: typ: expected "${PLEA_TYPE}"`);
  if (header.alg !== ALGORITHM) throw new SyntaxError(`plea: alg: expected "${ALGORITHM}"`);
  const { sensor, responder, nonce, iat, exp } = claims;
  if (typeof nonce !== "string" || !/^[A-Za-z0-9_-]{11}$/.test(nonce)) {
    throw new SyntaxError(`plea: nonce: expected ${TRIGGER_NONCE_LENGTH} bytes in base64url`);
  }
  return {
    sensor: identityIn("sensor", sensor),
    responder: identityIn("responder", responder),
    nonce: new Uint8Array(Buffer.from(nonce, "base64url")),
    issuedAt: timeIn("iat", iat),
    expiresAt: timeIn("exp", exp),
    chain: chainIn(header.x5c),
  };
}

/** Why a plea is not good at that time; undefined when it is. */
export function timeComplaint({ issuedAt, expiresAt }: Plea, now: number): string | undefined {
  const lifetime = expiresAt - issuedAt;
  if (lifetime <= 0 || lifetime > PLEA_LIFETIME) return `it is good for ${lifetime / 1000} s`;
  if (issuedAt > now + PLEA_SKEW)
    return `it was made at ${new Date(issuedAt).toISOString()}, which is to come`;
  return expiresAt + PLEA_SKEW <= now ? `it expired at ${new Date(expiresAt).toISOString()}` : undefined;
}

/** Whether the signature is one of this key. */
export async function pleaHolds(jws: string, key: KeyObject): Promise<boolean> {
  try {
    await compactVerify(jws, key, { algorithms: [ALGORITHM] });
    return true;
  } catch (error) {
    if (error instanceof errors.JOSEError) return false;
    throw error;
  }
}

const T_LENGTH = 4;

/** The body of the question to a third party: T 4 | JWS. */
export function vouchQuestion(t: number, jws: string): Uint8Array {
  return concat(uint(t, T_LENGTH), ascii(jws));
}

/** Reads one. Throws a SyntaxError. */
export function readVouchQuestion(bytes: Uint8Array): { readonly t: number; readonly jws: string } {
  if (bytes.length <= T_LENGTH) throw new SyntaxError(`plea: ${bytes.length} bytes are too few`);
  return { t: readUint(bytes, 0, T_LENGTH), jws: Buffer.from(bytes.subarray(T_LENGTH)).toString("latin1") };
}

function decode(jws: string): { readonly header: CompactJWSHeaderParameters; readonly claims: JWTPayload } {
  try {
    return { header: decodeProtectedHeader(jws) as CompactJWSHeaderParameters, claims: decodeJwt(jws) };
  } catch (error) {
    if (!(error instanceof TypeError || error instanceof errors.JOSEError)) throw error;
    throw new SyntaxError("plea: it is no signed token", { cause: error });
  }
}

function identityIn(claim: string, value: unknown): Identity {
  if (typeof value !== "string") throw new SyntaxError(`plea: ${claim}: expected text`);
  try {
    return identityFromText(value);
  } catch (error) {
    throw new SyntaxError(`plea: ${claim}: ${(error as Error).message}`, { cause: error });
  }
}

/** A NumericDate as Unix time in milliseconds. */
function timeIn(claim: string, value: unknown): number {
  // What a Date can hold.
  if (Number.isInteger(value) && Math.abs(value as number) <= 8.64e12) return (value as number) * 1000;
  throw new SyntaxError(`plea: ${claim}: expected whole seconds`);
}

function chainIn(x5c: unknown): Uint8Array[] {
  const isChain =
    Array.isArray(x5c) &&
    x5c.length > 0 &&
    x5c.length <= MAX_CHAIN &&
    x5c.every((it) => typeof it === "string");
  if (!isChain) throw new SyntaxError(`plea: x5c: expected 1 to ${MAX_CHAIN} certificates`);
  return x5c.map((text: string) => new Uint8Array(Buffer.from(text, "base64")));
}
