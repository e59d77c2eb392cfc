/**
 * A crowd at a third party: valid I_TP whose Responder is away. RSA is none here, so that 100,000 can be sent: "signatures"
 * are zeros, and an "envelope" is the key itself. All else is the real code, sockets included.
 */

import { createSocket } from "node:dgram";
import { setImmediate as turn } from "node:timers/promises";
import { startCoapServer } from "../../../host/coap/server.js";
import type { PartyEvent } from "../../../host/events.js";
import { primitives, randomSource } from "../../../host/primitives.js";
import type { Store } from "../../../host/store/store.js";
import type { QuestionLimits } from "../../../host/third-party/questions.js";
import { ThirdParty } from "../../../host/third-party/third-party.js";
import type { Vault } from "../../../host/third-party/vault.js";
import { ascii } from "../../../protocol/bytes.js";
import { Codes, ContentFormats } from "../../../protocol/coap/numbers.js";
import { laterPsk } from "../../../protocol/exchange/chain.js";
import {
  consumeForwardMessage,
  type KnownResponder,
  readForwardMessage,
} from "../../../protocol/exchange/forward-message.js";
import { createForwardVerification } from "../../../protocol/exchange/forward-verification.js";
import { beginExchange } from "../../../protocol/exchange/initiator.js";
import { referenceSteps } from "../../../protocol/exchange/reference-steps.js";
import { identityFromText } from "../../../protocol/mikey/identity.js";
import { weightMatrix } from "../../../protocol/shares/weights.js";
import { policyOf } from "../responder/crowd.js";

/** Bytes of an RSA-2048 signature, and of a certificate and a statement as they are. */
const SIGNATURE = 256;
const CERTIFICATE = 900;
const STATEMENT = 600;

const weights = weightMatrix({ threshold: 2, privacy: 1, shares: 3 });
const certificateHash = new Uint8Array(32).fill(7);
const keysOf = (x: number) => new Uint8Array(16).fill(x);

export interface Crowd {
  readonly store: Store;
  readonly vault: Vault;
  /** Messages for the Responder that is away. */
  readonly count: number;
  /** The sensor of the i-th, and its T. */
  sensor(i: number): { readonly name: string; readonly t: number };
  /** Messages of the crowd between two honest ones, for a Responder that is there. */
  readonly every: number;
  readonly limits?: QuestionLimits;
  /** Hears when all have come and the third party stands. */
  onFull?(): void;
}

export interface Crowded {
  /** Messages that were accepted and got their receipt, and those that were not accepted. */
  readonly answered: number;
  readonly refused: number;
  /** Exchanges with the Responder that is there, and how many of them have its answer. */
  readonly honest: number;
  readonly served: number;
  readonly crowdedOut: ReadonlyMap<string, number>;
}

/** Sends a crowd to a third party of its own, which asks a Responder that is silent, and one that answers. */
export async function crowd(options: Crowd): Promise<Crowded> {
  const { store, vault, count, limits, every } = options;
  const silent = createSocket("udp4");
  await new Promise<void>((resolve) => {
    silent.bind(0, "127.0.0.1", resolve);
  });
  const clinic = identityFromText("clinic");
  const receiving = {
    ...{ identity: clinic, certificateHash },
    unwrap: (wrapped: Uint8Array) => wrapped.slice(0, 32),
  };
  const server = await startCoapServer({
    routes: {
      mikey: {
        contentFormat: ContentFormats.mikey,
        handler({ payload }) {
          const message = readForwardMessage(payload);
          const policy = { ...policyOf("s"), sensor: message.session.sensor };
          const { envelopeKey } = consumeForwardMessage(primitives, message, policy, receiving, () => true);
          const answer = createForwardVerification(primitives, { ...message, envelopeKey });
          return { code: Codes.changed, payload: answer, contentFormat: ContentFormats.mikey };
        },
      },
    },
    onError: (error) => {
      throw error;
    },
  });
  const known: KnownResponder = {
    certificateHash,
    wrap: (key) => new Uint8Array([...key, ...new Uint8Array(SIGNATURE - 32)]),
  };
  const crowdedOut = new Map<string, number>();
  const seen = { answered: 0, refused: 0, honest: 0, served: 0 };
  const party = new ThirdParty({
    party: {
      identity: identityFromText("party-02"),
      chain: [new Uint8Array(CERTIFICATE)],
      sign: () => new Uint8Array(SIGNATURE),
      signatureLength: SIGNATURE,
    },
    sensor: (name) => ({
      policy: policyOf(name),
      start: { t: 1, keys: keysOf(2) },
      statement: ascii(name.padEnd(STATEMENT, "x")),
    }),
    bundled: () => [],
    responder: (name) => ({
      ...known,
      address: name === "clinic" ? server.address : `127.0.0.1:${silent.address().port}`,
    }),
    ...{ store, vault, deadline: 600_000, attempt: 600_000 },
    onEvent(event: PartyEvent) {
      if (event.event === "crowded") crowdedOut.set(event.by, (crowdedOut.get(event.by) ?? 0) + 1);
    },
    ...(limits && { limits }),
  });
  const messageOf = (name: string, t: number, to: string): Uint8Array => {
    const policy = policyOf(name);
    const psks = policy.thirdParties.map((_, i) => laterPsk(primitives, keysOf(i + 1), t - 1));
    const credentials = { policy, psks, weights };
    const steps = referenceSteps(primitives);
    return beginExchange(steps, randomSource, credentials, identityFromText(to), t).messages[1];
  };
  const served: Promise<unknown>[] = [];
  try {
    for (let i = 0; i < count; i++) {
      const { name, t } = options.sensor(i);
      const answer = Promise.resolve(party.receive("", messageOf(name, t, "hospital")));
      void answer.then(({ code }) => (code === Codes.changed ? seen.answered++ : seen.refused++));
      if (i % every === every - 1) {
        seen.honest++;
        const its = Promise.resolve(party.receive("", messageOf(`honest-${name}-${t}`, 1, "clinic")));
        served.push(its.then(({ code }) => (code === Codes.changed ? seen.served++ : 0)));
      }
      if (i % 16 === 15) await turn();
    }
    await Promise.all(served);
    await turn();
    options.onFull?.();
    return { ...seen, crowdedOut };
  } finally {
    await party.close();
    await server.close();
    await new Promise<void>((resolve) => {
      silent.close(resolve);
    });
  }
}
