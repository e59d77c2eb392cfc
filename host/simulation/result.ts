/** What a simulated exchange came to: the object that `symbolon simulate --json` prints. */

import type { SuiteName } from "../../protocol/mikey/suites.js";
import type { FrameRecord } from "./frames.js";
import type { HttpFigures } from "./http-path.js";
import type { ReadingFigures } from "./readings.js";
import type { HostileMode, LinkName } from "./settings.js";

/** Where a gateway can have a secret. */
export type Place = "traffic" | "log" | "store" | "memory";

/** What came of a gateway's hostility in one exchange. */
export interface Hostility {
  /** Messages between gateway and servers, of all exchanges, that did not go on as they were. */
  readonly meddled: number;
  /** Readings, of all exchanges, that bore an Echo and reached the Responder after their wake-up. */
  readonly late: number;
  /** Bytes that were searched for secrets, by place. */
  readonly searched: Readonly<Partial<Record<Place, number>>>;
  /** Why the memory of the gateway process was not searched; absent when it was. */
  readonly unsearched?: string;
  /** What should not have been possible; empty when all is well. */
  readonly breaches: readonly string[];
}

/** One MIKEY message, as its sender announced it. */
export interface MessageRecord {
  readonly name: string;
  readonly from: string;
  readonly to: string;
  readonly bytes: number;
}

/** The sensor's figures. Where it did not run on XS, the engine's are null; all are when it never finished. */
export interface DeviceFigures {
  readonly computrons: number | null;
  readonly heapPeakBytes: number | null;
  readonly slotBytes: number | null;
  readonly chunkBytes: number | null;
  readonly txDatagrams: number | null;
  readonly txBytes: number | null;
  readonly rxDatagrams: number | null;
  readonly rxBytes: number | null;
  /** Executed by the exchange, on a board that counts them; absent on others, as the next two. */
  readonly instructions?: number;
  /** What the application needs: slots and chunks as set aside, stacks at their peak. */
  readonly ramBytes?: number;
  /** Code and constants of the whole image. */
  readonly flashBytes?: number;
}

/** One exchange. */
export interface RunResult {
  /** Whether both ends have the same TEK. */
  readonly agreed: boolean;
  /** Why not; absent when they agreed. */
  readonly reason?: string;
  /** "xs 13.3.0" or "node 20.x". */
  readonly engine: string;
  /** Absent over UDP. */
  readonly link?: LinkName;
  readonly suite: SuiteName;
  readonly thirdParties: number;
  readonly threshold: number;
  readonly privacy: number;
  /** The third parties that were stopped beforehand. */
  readonly lost: readonly string[];
  /** The third parties that lied, as the Responder found them: they, or the sensor. */
  readonly liars: readonly string[];
  /** What the Responder can't tell of lies that there were; absent when there is nothing of the kind. */
  readonly undecided?: string;
  /** Fingerprints, never keys. */
  readonly tek: { readonly initiator: string | null; readonly responder: string | null };
  /** Whether the sensor verified R_I. */
  readonly confirmed: boolean;
  readonly device: DeviceFigures;
  readonly messages: readonly MessageRecord[];
  /** How many keys both ends have come to, where sensors are to make new ones. */
  readonly exchanges?: number;
  /** Absent when none were to be sent. */
  readonly readings?: ReadingFigures;
  /** Whether the sensor had a gateway, and in which mode a hostile one was; this and what follows is absent without one. */
  readonly gateway?: true | HostileMode;
  /** How often the sensor woke, of a sensor that sleeps. */
  readonly wakeUps?: number;
  /** What passed between sensor and gateway, in order. */
  readonly frames?: readonly FrameRecord[];
  /** What reached the Responder over HTTP, where it does. */
  readonly http?: HttpFigures;
  /** What came of the gateway's hostility, if it was hostile. */
  readonly hostile?: Hostility;
  readonly elapsedMs: number;
}

export interface Summary {
  readonly runs: number;
  readonly agreed: number;
  readonly confirmed: number;
  /** How many different keys the runs that agreed came to. */
  readonly differentKeys: number;
  readonly elapsedMs: { readonly median: number; readonly longest: number };
}

/** All exchanges of `--repeat`. */
export interface RepeatResult {
  readonly runs: readonly RunResult[];
  readonly summary: Summary;
}

/** What the Responder said about an exchange that it gave up. */
export interface Expiry {
  readonly shares: number;
  readonly threshold: number;
  readonly missing: number;
  /** Why no key came of shares that were enough. */
  readonly reason?: string;
}

/** How the word of a third party does not fit the Responder's key. */
export type Misfit = "share" | "session";

/** What is known of an exchange when it is over. */
export interface Outcome {
  readonly sensor: string;
  readonly responder: string;
  readonly threshold: number;
  /** Seconds. */
  readonly deadline: number;
  readonly initiatorTek: string | null;
  readonly responderTek: string | null;
  readonly expiry: Expiry | undefined;
  /** The sensor's own reason, or what broke. */
  readonly sensorReason: string | undefined;
}

/** Why an exchange did not end in agreement, in one sentence; undefined when it did. */
export function reasonOf(outcome: Outcome): string | undefined {
  const { sensor, responder, initiatorTek, responderTek, expiry, deadline, threshold, sensorReason } =
    outcome;
  if (initiatorTek !== null && initiatorTek === responderTek) return undefined;
  if (initiatorTek !== null && responderTek !== null) return `${sensor} and ${responder} have different keys`;
  const said = sensorReason === undefined ? "" : ` (${sensor}: ${sensorReason})`;
  if (responderTek !== null) return `${responder} has a key, but ${sensor} has none${said}`;
  if (expiry !== undefined && expiry.shares > 0) {
    const { missing, threshold: needed, reason } = expiry;
    if (missing === 0) return `${responder}: ${reason ?? "the shares give no key"}${said}`;
    return `${missing} of ${needed} shares needed ${missing === 1 ? "was" : "were"} missing at ${responder} when its deadline of ${deadline} s passed${said}`;
  }
  return `${threshold} of ${threshold} shares needed were missing: none was accepted at ${responder} within the deadline of ${deadline} s${said}`;
}

/** What is known of lies when an exchange is over. */
export interface Found {
  readonly threshold: number;
  readonly agreed: boolean;
  /** Whether the Responder has a key. */
  readonly hasKey: boolean;
  readonly misfits: ReadonlyMap<string, Misfit>;
  /** The Responder's own doubt. */
  readonly undecided: string | undefined;
}

/**
 * Who lied. A share is judged by the key that it belongs to. Another session counts as a lie only where the sensor has
 * the Responder's key and the Responder has no doubt: else k liars may have invented that key.
 */
export function findingsOf({
  threshold,
  agreed,
  hasKey,
  misfits,
  undecided,
}: Found): Pick<RunResult, "liars" | "undecided"> {
  const named = (what: Misfit) => [...misfits].filter(([, each]) => each === what).map(([name]) => name);
  const [shares, sessions] = [named("share"), named("session")];
  if (undecided !== undefined) return { liars: shares.sort(), undecided };
  if (!agreed && hasKey && sessions.length > 0) {
    const doubt =
      `${sessions.join(", ")} contradict the Responder's key, which the sensor does not have: ` +
      `either they lied, or the ${threshold} or more that gave this key, and which can't be told`;
    return { liars: shares.sort(), undecided: doubt };
  }
  return { liars: [...shares, ...sessions].sort() };
}

/** Counts over all runs. There is at least one. */
export function summarize(runs: readonly RunResult[]): Summary {
  const agreed = runs.filter((run) => run.agreed);
  const times = runs.map(({ elapsedMs }) => elapsedMs).sort((a, b) => a - b);
  return {
    runs: runs.length,
    agreed: agreed.length,
    confirmed: runs.filter((run) => run.confirmed).length,
    differentKeys: new Set(agreed.map(({ tek }) => tek.responder)).size,
    elapsedMs: { median: times[Math.floor((times.length - 1) / 2)], longest: times[times.length - 1] },
  };
}

/**
 * Reads the `device` member of a sensor's `finished` event; what is no number is null, and so is an engine's
 * figure of 0: nobody counted.
 */
export function deviceFigures(value: unknown): DeviceFigures {
  const given = (typeof value === "object" && value !== null ? value : {}) as Record<string, unknown>;
  const figure = (name: keyof DeviceFigures): number | null => {
    const number = given[name];
    return typeof number === "number" ? number : null;
  };
  const counted = Object.fromEntries(
    (["instructions", "ramBytes", "flashBytes"] as const).flatMap((name) => {
      const number = figure(name);
      return number === null ? [] : [[name, number]];
    }),
  );
  return {
    computrons: figure("computrons") || null,
    heapPeakBytes: figure("heapPeakBytes") || null,
    slotBytes: figure("slotBytes") || null,
    chunkBytes: figure("chunkBytes") || null,
    txDatagrams: figure("txDatagrams"),
    txBytes: figure("txBytes"),
    rxDatagrams: figure("rxDatagrams"),
    rxBytes: figure("rxBytes"),
    ...counted,
  };
}
