/** HDR as every message of profile 1 has it: no crypto session, empty map (precedent: RFC 6043 §4.2.1.1). */

import { emptyMap, type Header } from "../mikey/header.js";
import type { Session } from "./session.js";

export function sessionHeader(
  { suite, csbId }: Pick<Session, "suite" | "csbId">,
  dataType: number,
  verify: boolean,
): Header {
  return { dataType, verify, prf: suite.prf, csbId, map: emptyMap };
}
