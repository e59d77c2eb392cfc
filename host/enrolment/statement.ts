/**
 * The enrolment statement: what the authority says of one sensor, as a JWT (RFC 7519) in a compact JWS with
 * RSA-PSS (PS256, RFC 7518 §3.5). Third parties attach it to what they forward, so that a responder that has
 * never met the sensor needs only the authority's root.
 *
 * Claims: iss (the authority), jti (the serial), iat, nbf, exp, and policy: who the third parties are, k, t, suite.
 */

import { type KeyObject, randomBytes } from "node:crypto";
import { decodeJwt, errors, type JWTPayload, type JWTVerifyOptions, jwtVerify, SignJWT } from "jose";
import { type Policy, policyFromJson, policyToJson } from "../../protocol/exchange/policy.js";
import { keyIdentifier } from "../authority/certify.js";

export const STATEMENT_TYPE = "symbolon-enrolment+jwt";
const ALGORITHM = "PS256";

const BACKDATE_SECONDS = 5 * 60;
const DAY_SECONDS = 24 * 60 * 60;

/** What a refused statement failed on. */
export type StatementClause =
  | "malformed"
  | "type"
  | "algorithm"
  | "other authority"
  | "altered"
  | "not yet valid"
  | "expired"
  | "policy";

/** A statement that is refused, and on which clause. */
export class StatementError extends Error {
  override readonly name = "StatementError";
  readonly clause: StatementClause;

  constructor(clause: StatementClause, message: string, options?: ErrorOptions) {
    super(`enrolment statement: ${message}`, options);
    this.clause = clause;
  }
}

/** A statement that holds. Times are Unix times in milliseconds. */
export interface Statement {
  readonly policy: Policy;
  readonly serial: string;
  readonly notBefore: number;
  readonly notAfter: number;
}

/** The name under which an authority states: it follows from its key. */
export function authorityName(publicKey: KeyObject): string {
  return `urn:symbolon:authority:${keyIdentifier(publicKey)}`;
}

/** States a policy for some days from `now` (Unix time in milliseconds), and five minutes before. */
export async function signStatement(
  authority: { readonly publicKey: KeyObject; readonly privateKey: KeyObject },
  policy: Policy,
  { now, days }: { readonly now: number; readonly days: number },
): Promise<string> {
  const seconds = Math.floor(now / 1000);
  return new SignJWT({ policy: policyToJson(policy) })
    .setProtectedHeader({ alg: ALGORITHM, typ: STATEMENT_TYPE })
    .setIssuer(authorityName(authority.publicKey))
    .setJti(randomBytes(12).toString("base64url"))
    .setIssuedAt(seconds)
    .setNotBefore(seconds - BACKDATE_SECONDS)
    .setExpirationTime(seconds + Math.round(days * DAY_SECONDS))
    .sign(authority.privateKey);
}

/**
 * Reads a statement (compact JWS) of the authority with that key; `now` is Unix time in milliseconds.
 * Throws a StatementError that names the clause on which it is refused.
 */
export async function verifyStatement(jws: string, authority: KeyObject, now: number): Promise<Statement> {
  const payload = await verifyClaims(jws, authority, {
    algorithms: [ALGORITHM],
    typ: STATEMENT_TYPE,
    issuer: authorityName(authority),
    currentDate: new Date(now),
    requiredClaims: ["iat", "nbf", "exp", "jti", "policy"],
  });
  const { jti, nbf = 0, exp = 0 } = payload;
  if (typeof jti !== "string") throw new StatementError("malformed", "jti is not text");
  return { policy: readPolicy(payload.policy), serial: jti, notBefore: nbf * 1000, notAfter: exp * 1000 };
}

function readPolicy(json: unknown): Policy {
  try {
    return policyFromJson(json);
  } catch (error) {
    throw new StatementError("policy", (error as Error).message, { cause: error });
  }
}

async function verifyClaims(
  jws: string,
  authority: KeyObject,
  options: JWTVerifyOptions,
): Promise<JWTPayload> {
  try {
    return (await jwtVerify(jws, authority, options)).payload;
  } catch (error) {
    throw refusalOf(error, jws, options);
  }
}

/** jose's errors as clauses. Anything else that goes wrong is no statement's fault and stays as it is. */
function refusalOf(error: unknown, jws: string, { issuer }: JWTVerifyOptions): unknown {
  const refusal = (clause: StatementClause, message: string) =>
    new StatementError(clause, message, { cause: error });
  if (error instanceof errors.JWSSignatureVerificationFailed) {
    return issuerOf(jws) === issuer
      ? refusal("altered", "the signature does not hold")
      : refusal("other authority", "it is of another authority");
  }
  if (error instanceof errors.JOSEAlgNotAllowed)
    return refusal("algorithm", `it is not signed with ${ALGORITHM}`);
  if (error instanceof errors.JWTExpired)
    return refusal("expired", `it expired at ${timeOf(error.payload.exp)}`);
  if (error instanceof errors.JWTClaimValidationFailed) {
    const { claim, reason, payload } = error;
    if (claim === "typ") return refusal("type", `its type is not ${STATEMENT_TYPE}`);
    if (claim === "iss") return refusal("other authority", "it is of another authority");
    if (claim === "nbf" && reason === "check_failed") {
      return refusal("not yet valid", `it is not valid before ${timeOf(payload.nbf)}`);
    }
    return refusal("malformed", `${claim} is ${reason === "missing" ? "missing" : "not what it should be"}`);
  }
  return error instanceof errors.JOSEError ? refusal("malformed", "it is not a signed statement") : error;
}

/** What a statement says of its authority, before anybody has vouched for that. */
function issuerOf(jws: string): unknown {
  try {
    return decodeJwt(jws).iss;
  } catch (error) {
    if (error instanceof errors.JOSEError) return undefined;
    throw error;
  }
}

function timeOf(seconds: number | undefined): string {
  const date = new Date(Number(seconds) * 1000);
  return Number.isNaN(date.getTime()) ? `${seconds}` : date.toISOString();
}
