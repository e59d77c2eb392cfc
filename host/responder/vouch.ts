/**
 * Whom a Responder believes: a certificate chain and an enrolment statement, both of the authority whose root it
 * holds. It knows nothing else of third parties and sensors.
 */

import { toHex } from "../../protocol/bytes.js";
import type { ForwardMessage } from "../../protocol/exchange/forward-message.js";
import { type ErrorNumber, ErrorNumbers } from "../../protocol/mikey/numbers.js";
import { Refusal } from "../../protocol/mikey/refusal.js";
import {
  type CertificateClause,
  CertificateError,
  type CertifiedParty,
  type TrustAnchor,
  validateChain,
} from "../authority/certificate.js";
import { type Statement, StatementError, verifyStatement } from "../enrolment/statement.js";
import { primitives } from "../primitives.js";
import { verify } from "../public-key.js";
import type { ResponderOptions } from "./options.js";

/** Statements that are remembered: a sensor's comes n times with each exchange. */
const MAX_STATEMENTS = 10_000;
const decoder = new TextDecoder("latin1");

/** What a Responder that trusts `root` vouches for; Refusals name the clause that does not hold. */
export function voucher(root: TrustAnchor): ResponderOptions["vouch"] {
  const statements = new Map<string, Statement>();

  const statementOf = async (jws: Uint8Array, now: number): Promise<Statement> => {
    const digest = toHex(primitives.sha256(jws));
    const known = statements.get(digest);
    if (known !== undefined && known.notBefore <= now && now < known.notAfter) return known;
    const statement = await verifyStatement(decoder.decode(jws), root.publicKey, now);
    for (const oldest of statements.keys()) {
      if (statements.size < MAX_STATEMENTS) break;
      statements.delete(oldest);
    }
    statements.set(digest, statement);
    return statement;
  };

  return async ({ chain, thirdParty, statement }: ForwardMessage) => {
    const now = Date.now();
    try {
      const party = validateThirdParty({ chain, root, now, identity: thirdParty });
      const { policy } = await statementOf(statement, now);
      return { policy, verify: (data, signature) => verify(party.publicKey, data, signature) };
    } catch (error) {
      throw asRefusal(error);
    }
  };
}

function validateThirdParty(question: Omit<Parameters<typeof validateChain>[0], "role">): CertifiedParty {
  return validateChain({ ...question, role: "third-party" });
}

/** Who somebody is, and as what, is a matter of identity; everything else of the certificate itself. */
function certificateErrorNumber(clause: CertificateClause): ErrorNumber {
  return clause === "identity" || clause === "role" ? ErrorNumbers.identity : ErrorNumbers.certificate;
}

function asRefusal(error: unknown): unknown {
  if (error instanceof CertificateError) {
    return new Refusal(certificateErrorNumber(error.clause), error.message);
  }
  if (error instanceof StatementError) return new Refusal(ErrorNumbers.certificate, error.message);
  return error;
}
