/**
 * Who lied, as far as it can be told: whose share does not fit a key, and who says something else of its session. The
 * wording stays true: the third party or the sensor lied.
 */

import type { RebuiltGroup } from "../../protocol/exchange/collection.js";
import type { Sharing } from "../../protocol/shares/points.js";
import { judgedRadius, searchLimit } from "../../protocol/shares/search.js";
import { FileError } from "../enrolment/files.js";
import type { OnEvent } from "../events.js";
import type { Evidence, KeepEvidence } from "./evidence.js";
import type { Records } from "./records.js";
import type { Contribution, OpenSession, OpenSessions } from "./sessions.js";

/** A TP_R that does not fit a key, by its share or by its session. */
export type Misfit = Evidence & { readonly what: "share" | "session"; readonly digest: string };
/** And the file that keeps it. */
export type KeptMisfit = Omit<Misfit, "bytes"> & { readonly evidence: string | null };

/** Whose share does not fit, and who said something else of the same T: the sensor splits one key for each. */
export function misfitsOf(
  records: Records,
  sessions: OpenSessions,
  open: OpenSession,
  { misfits }: RebuiltGroup,
): Misfit[] {
  const found = new Map<string, Misfit>();
  const add = ({ name, sensor, t }: OpenSession, { place, digest }: Contribution, what: Misfit["what"]) => {
    const { thirdParty } = place;
    const bytes = records.openShare(name, thirdParty)?.bytes;
    if (bytes !== undefined && !found.has(thirdParty)) {
      found.set(thirdParty, { thirdParty, sensor, t, what, digest, bytes });
    }
  };
  for (const contribution of open.contributions) {
    if (misfits.includes(contribution.x)) add(open, contribution, "share");
  }
  for (const other of sessions.of(open.sensor)) {
    if (other === open || other.t !== open.t) continue;
    for (const contribution of other.contributions) add(other, contribution, "session");
  }
  return [...found.values()];
}

/** Keeps the evidence of a misfit; that it can't be kept stops nothing. */
export function keepMisfit(
  { bytes, ...misfit }: Misfit,
  keepEvidence: KeepEvidence | undefined,
  onEvent: OnEvent,
): KeptMisfit {
  try {
    return { ...misfit, evidence: keepEvidence?.({ ...misfit, bytes }) ?? null };
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    onEvent({ event: "fault", where: "evidence", reason: error.message });
    return { ...misfit, evidence: null };
  }
}

/** Names whose share does not fit the key: the check value vouches for all n shares. */
export function tellShares(misfits: readonly KeptMisfit[], sharing: Sharing, onEvent: OnEvent): void {
  const reason = `its share does not fit the key: it or the sensor lied, ${unlessMany(sharing)}`;
  for (const misfit of misfits) onEvent({ event: "misfit", ...misfit, reason });
}

/**
 * Names who says something else of the key's T: one word against another. Fewer than k third parties can't have made
 * a key, but from k on those who contradict it might be the honest.
 */
export function tellSessions(
  misfits: readonly KeptMisfit[],
  contradicting: readonly string[],
  sharing: Sharing,
  onEvent: OnEvent,
): void {
  if (misfits.length === 0) return;
  const { threshold: k } = sharing;
  if (contradicting.length >= k) {
    const [{ sensor, t }] = misfits;
    const reason =
      `${contradicting.length} third parties say something else of this T, and ${k} can make a key: ` +
      `at least ${k} lied, or the sensor, and which side can't be told`;
    onEvent({ event: "undecided", sensor, t, thirdParties: contradicting, reason });
    return;
  }
  const reason = `it says something else of this T: it or the sensor lied, ${unlessMany(sharing)}`;
  for (const misfit of misfits) onEvent({ event: "misfit", ...misfit, reason });
}

/** Why k shares or more give no key, and how much of it can be told. */
export function noKeyReason({ group }: OpenSession): string {
  const { threshold: k } = group.session.sharing;
  const m = group.count;
  const limit = searchLimit(k, m);
  const what =
    limit === m
      ? `no ${k} of ${m} shares fit the check value`
      : `no ${k} of the first ${limit} of ${m} shares fit the check value, and more are too many to try`;
  const lies = judgedRadius(k, m) + 1;
  return `${what}: at least ${lies} of their third parties lied, or the sensor, and which can't be told`;
}

function unlessMany({ threshold }: Sharing): string {
  return `unless ${threshold} or more lied together`;
}
