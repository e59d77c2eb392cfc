/**
 * A crowd at a Responder: sessions that valid shares have opened and of which k never come. RSA is none here, so that
 * 100,000 can be sent: "signatures" hold, and "envelopes" are the key itself. All else is the real code.
 */

import { setImmediate as turn } from "node:timers/promises";
import type { PartyEvent } from "../../../host/events.js";
import { primitives, randomSource } from "../../../host/primitives.js";
import type { ResponderLimits } from "../../../host/responder/options.js";
import { Responder } from "../../../host/responder/responder.js";
import type { Store } from "../../../host/store/store.js";
import { ascii } from "../../../protocol/bytes.js";
import { Codes } from "../../../protocol/coap/numbers.js";
import {
  createForwardMessage,
  type ForwardingParty,
  type ReceivingResponder,
} from "../../../protocol/exchange/forward-message.js";
import { beginExchange, type WaitingInitiator } from "../../../protocol/exchange/initiator.js";
import { type Policy, sharingOf } from "../../../protocol/exchange/policy.js";
import { referenceSteps } from "../../../protocol/exchange/reference-steps.js";
import { createSession } from "../../../protocol/exchange/session.js";
import {
  type AcceptedShare,
  consumeShareMessage,
  readShareMessage,
} from "../../../protocol/exchange/share-message.js";
import { type Identity, identityFromText } from "../../../protocol/mikey/identity.js";
import { weightMatrix } from "../../../protocol/shares/weights.js";

/** Bytes of an RSA-2048 signature, and of a certificate and a statement as they are. */
const SIGNATURE = 256;
const CERTIFICATE = 900;
const STATEMENT = 600;

const hospital = identityFromText("hospital");
const thirdParties = ["party-01", "party-02", "party-03"].map(identityFromText);
const psk = (x: number) => new Uint8Array(16).fill(x);
const certificateHash = new Uint8Array(32).fill(7);
const receiving: ReceivingResponder = {
  identity: hospital,
  certificateHash,
  unwrap: (wrapped) => wrapped.slice(0, 32),
};

export function policyOf(sensor: string): Policy {
  return {
    ...{ sensor: identityFromText(sensor), threshold: 2, privacy: 1, suite: "aes-ccm-128" as const },
    thirdParties,
  };
}

function presented(identity: Identity): ForwardingParty {
  return {
    identity,
    chain: [new Uint8Array(CERTIFICATE)],
    sign: () => new Uint8Array(SIGNATURE),
    signatureLength: SIGNATURE,
  };
}

/** What a Responder has after a crowd came. */
export interface Crowded {
  /** Third parties that were answered, with R_I or without it, or told to come later. */
  readonly answered: number;
  readonly refused: number;
  /** Honest exchanges that ended with a key, of so many. */
  readonly agreed: number;
  readonly honest: number;
  readonly crowdedOut: ReadonlyMap<string, number>;
}

export interface Crowd {
  readonly store: Store;
  /** Half-open sessions that are tried. */
  readonly count: number;
  /** Which third party (1…3) sends the share of the i-th. */
  from(i: number): number;
  /** The sensor of the i-th, and its T. */
  sensor(i: number): { readonly name: string; readonly t: number };
  /** Half-open sessions between two honest exchanges, and between the two shares of one. */
  readonly every: number;
  readonly limits?: ResponderLimits;
  /** Hears when all have come and the Responder stands. */
  onFull?(): void;
}

/** Sends a crowd to a Responder of its own, and lets honest exchanges of other third parties go on meanwhile. */
export async function crowd(options: Crowd): Promise<Crowded> {
  const { store, count, limits, every } = options;
  const crowdedOut = new Map<string, number>();
  const seen = { answered: 0, refused: 0, agreed: 0, honest: 0 };
  const onEvent = (event: PartyEvent) => {
    if (event.event === "agreed") seen.agreed++;
    if (event.event === "crowded") crowdedOut.set(event.by, (crowdedOut.get(event.by) ?? 0) + 1);
  };
  const responder = await Responder.resume({
    responder: receiving,
    vouch: ({ session }) =>
      Promise.resolve({ policy: { ...policyOf("sensor01"), sensor: session.sensor }, verify: () => true }),
    ...{ store, onEvent, deadline: 600_000, hold: 600_000 },
    ...(limits && { limits }),
  });
  // Each third party's clock: one message in each millisecond, within what a Responder allows.
  let clock = Date.now() - Math.floor(count / 2);
  const send = (x: number, accepted: AcceptedShare): Promise<void> => {
    const { bytes } = createForwardMessage(
      ...([primitives, randomSource, accepted, presented(thirdParties[x - 1])] as const),
      { certificateHash, wrap: (key) => new Uint8Array([...key, ...new Uint8Array(SIGNATURE - 32)]) },
      ascii("x".repeat(STATEMENT)),
      clock++,
    );
    return responder.receive("", bytes).then(({ code }) => {
      if (code === Codes.changed) seen.answered++;
      else seen.refused++;
    });
  };
  let open: WaitingInitiator | undefined;
  const honestly = (i: number) => {
    // One share now, the other when the crowd has grown.
    const x = open === undefined ? 2 : 3;
    open ??= beginHonest(1 + i);
    const policy = policyOf("honest00");
    const accepted = consumeShareMessage(primitives, readShareMessage(open.messages[x - 1]), policy, psk(x));
    void send(x, accepted);
    if (x === 2) return;
    seen.honest++;
    open = undefined;
  };
  for (let i = 0; i < count; i++) {
    const { name, t } = options.sensor(i);
    const policy = policyOf(name);
    const session = createSession(primitives, policy, hospital, randomSource(8), t);
    void send(options.from(i), { session, checkValue: randomSource(8), share: randomSource(16) });
    if (i % every === every - 1) honestly(i);
    if (i % 16 === 15) await turn();
  }
  await turn();
  options.onFull?.();
  responder.close();
  return { ...seen, crowdedOut };
}

function beginHonest(t: number): WaitingInitiator {
  const policy = policyOf("honest00");
  const psks = policy.thirdParties.map((_, i) => psk(i + 1));
  const credentials = { policy, psks, weights: weightMatrix(sharingOf(policy)) };
  return beginExchange(referenceSteps(primitives), randomSource, credentials, hospital, t);
}
