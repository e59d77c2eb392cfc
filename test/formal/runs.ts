/** Every run of a model that is recorded, and what must come out. */

/** One claim of one model, with all checks or without one. */
export interface Run {
  readonly model: string;
  readonly claim: string;
  readonly without?: string;
  /** Whether the claim holds; if not, the record is the attack. */
  readonly holds: boolean;
}

/** Files of each ProVerif model under proverif/, in the order in which they are read. */
export const proverifModels: Readonly<Record<string, readonly string[]>> = {
  "2-of-3": ["sharing-2-of-3.pvl", "exchange.pvl", "parties-2-of-3.pvl", "2-of-3.pv"],
  "3-of-5": ["sharing-3-of-5.pvl", "exchange.pvl", "parties-3-of-5.pvl", "3-of-5.pv"],
  "narrow-3-of-5": ["sharing-3-of-5.pvl", "exchange.pvl", "parties-3-of-5.pvl", "narrow-3-of-5.pv"],
  "forward-2-of-3": ["sharing-2-of-3.pvl", "exchange.pvl", "parties-2-of-3.pvl", "forward-2-of-3.pv"],
  "forward-3-of-5": ["sharing-3-of-5.pvl", "exchange.pvl", "parties-3-of-5.pvl", "forward-3-of-5.pv"],
  paper: ["sharing-2-of-3.pvl", "paper.pv"],
};

function holds(model: string, ...claims: string[]): Run[] {
  return claims.map((claim) => ({ model, claim, holds: true }));
}

function fails(model: string, ...claims: string[]): Run[] {
  return claims.map((claim) => ({ model, claim, holds: false }));
}

/** The claim without each check. */
function needs(model: string, claim: string, ...checks: string[]): Run[] {
  return checks.map((without) => ({ model, claim, without, holds: false }));
}

function needsNot(model: string, claim: string, ...checks: string[]): Run[] {
  return checks.map((without) => ({ model, claim, without, holds: true }));
}

const claims = [
  "secrecy-of-tgk",
  "secrecy-of-early-readings",
  "secrecy-of-readings",
  "responder-agrees",
  "sensor-agrees",
  "no-replay-confirmed",
];
const secrecies = claims.slice(0, 3);
/** False in every model: k corrupt third parties are enough, and an honest run ends. */
const reached = ["k-corrupt-read", "k-corrupt-invent", "run-ends"];

export const proverifRuns: readonly Run[] = [
  ...holds("2-of-3", ...claims),
  ...fails("2-of-3", ...reached),
  ...needs(
    "2-of-3",
    "secrecy-of-tgk",
    "responder-under-mac",
    "third-parties-differ",
    "certificate-of-responder",
  ),
  ...needs(
    ...(["2-of-3", "responder-agrees"] as const),
    ...["k-from-statement", "index-from-signer", "one-share-per-party", "check-value", "memory-of-t"],
    ...["certificate-of-signer", "signature"],
  ),
  ...needs("2-of-3", "sensor-agrees", "confirmation"),
  ...needs("2-of-3", "no-replay-confirmed", "nonce-in-confirmed-key"),
  ...needsNot("2-of-3", "no-replay-confirmed", "memory-of-t"),
  ...needsNot("2-of-3", "sensor-agrees", "forward-verification", "share-verification"),
  ...needsNot(
    "2-of-3",
    "responder-agrees",
    "statement-of-sensor",
    "responder-is-named",
    "certificate-hash",
    "signer-inside",
  ),

  ...holds("3-of-5", ...claims),
  ...fails("3-of-5", ...reached),
  ...needs("3-of-5", "secrecy-of-tgk", "responder-under-mac", "third-parties-differ"),
  ...needs("3-of-5", "responder-agrees", "k-from-statement"),
  ...holds("narrow-3-of-5", "responder-agrees"),
  ...needs("narrow-3-of-5", "responder-agrees", "index-from-signer", "check-value"),

  ...holds("forward-2-of-3", ...secrecies),
  ...needs("forward-2-of-3", "secrecy-of-tgk", "chain-steps", "responder-keys-are-gone"),
  ...holds("forward-3-of-5", ...secrecies),
  ...needs("forward-3-of-5", "secrecy-of-tgk", "chain-steps", "responder-keys-are-gone"),

  ...holds(
    ...(["paper", "honest-secrecy", "secrecy-with-one-corrupt"] as const),
    ...["honest-responder-agrees", "honest-sensor-agrees"],
  ),
  ...fails(
    ...(["paper", "secrecy-unless-all-are-corrupt", "responder-agrees-with-one-corrupt"] as const),
    ...["responder-agrees-unless-its-own-are-corrupt", "honest-responder-rebuilds-once", "later-secrecy"],
  ),
];

/** The one Maude model, maude/exchange.maude. */
export const maudeModel = "bounded-2-of-3";

export const maudeRuns: readonly Run[] = [
  ...holds(
    ...([maudeModel, "secrecy-of-tgk", "secrecy-of-readings"] as const),
    ...["responder-agrees", "sensor-agrees", "no-replay-confirmed"],
  ),
  ...fails(maudeModel, "run-ends"),
  ...needs(
    ...([maudeModel, "secrecy-of-tgk"] as const),
    ...["responder-under-mac", "third-parties-differ", "fewer-than-k-corrupt"],
  ),
  ...needs(
    ...([maudeModel, "responder-agrees"] as const),
    ...["index-from-signer", "check-value", "memory-of-t", "k-from-statement"],
  ),
  ...needs(maudeModel, "no-replay-confirmed", "nonce-in-confirmed-key"),
  ...needs(maudeModel, "sensor-agrees", "confirmation"),
  ...needs(maudeModel, "secrecy-of-readings", "chain-steps"),
];

/** Where the output of a run is kept, under recorded/. */
export function recordOf({ model, claim, without }: Run): string {
  return `${model}/${claim}${without === undefined ? "" : `.without-${without}`}.txt`;
}

/** What a run is called in tests. */
export function nameOf({ claim, without, holds }: Run): string {
  const result = holds ? "holds" : "is broken";
  return without === undefined ? `${claim} ${result}` : `${claim} ${result} without ${without}`;
}
