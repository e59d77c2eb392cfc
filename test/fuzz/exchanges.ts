/**
 * Whole exchanges of one sensor with real third parties and a real Responder over paths in chaos (chaos.ts). After
 * each thing that a party says, and at the end, what must hold is checked.
 */

import assert from "node:assert/strict";
import { coapRequest } from "../../host/coap/client.js";
import { type CoapServer, startCoapServer } from "../../host/coap/server.js";
import type { PartyEvent } from "../../host/events.js";
import { primitives } from "../../host/primitives.js";
import { MemoryStore } from "../../host/store/memory.js";
import { ThirdParty } from "../../host/third-party/third-party.js";
import { MemoryVault } from "../../host/third-party/vault.js";
import { Codes, ContentFormats } from "../../protocol/coap/numbers.js";
import { fingerprint } from "../../protocol/exchange/fingerprint.js";
import { FinishedInitiator } from "../../protocol/exchange/initiator.js";
import { errorNumberOf } from "../../protocol/exchange/over-coap.js";
import { MIKEY_PATH } from "../../protocol/exchange/profile.js";
import { stand } from "../host/responder/forwarding.js";
import { begin, known, presented, type World } from "../host/third-party/world.js";
import { type Chaos, chaos } from "./chaos.js";
import type { Random } from "./mutate.js";

/** Milliseconds that a third party asks the Responder about one share, and that the sensor asks it. */
const DEADLINE = 6_000;
/** Fast, so that much happens in that time. */
const parameters = { ACK_TIMEOUT: 150, ACK_RANDOM_FACTOR: 1.5 };

/** How many exchanges ended with a key at both ends, and how many datagrams did not pass as they were. */
export interface Outcome {
  readonly agreed: number;
  readonly disturbed: number;
}

/** Runs exchanges with T from `first` on, all at once, and then one over quiet paths, which must agree. */
export async function exchangesInChaos(world: World, random: Random, count: number): Promise<Outcome> {
  const ends: (() => void | Promise<void>)[] = [];
  const paths: Chaos[] = [];
  const findings: string[] = [];
  const agreed = new Map<number, string>();
  const onResponderEvent = (event: PartyEvent) => {
    if (event.event === "fault") findings.push(`Responder: ${event.reason}`);
    if (event.event === "misfit" || event.event === "undecided") findings.push(`Responder: ${event.reason}`);
    if (event.event !== "agreed") return;
    if (agreed.has(event.t)) findings.push(`two keys for T ${event.t}`);
    if ([...agreed.keys()].some((t) => t > event.t))
      findings.push(`a key for T ${event.t} after a later one`);
    agreed.set(event.t, event.tek);
  };

  async function path(server: CoapServer): Promise<string> {
    const one = await chaos(server.port, random);
    paths.push(one);
    ends.push(() => one.close());
    return one.address;
  }

  async function serve(party: { receive: ThirdParty["receive"] }, admission: boolean): Promise<string> {
    const server = await startCoapServer({
      routes: {
        [MIKEY_PATH]: {
          contentFormat: ContentFormats.mikey,
          ...(admission && { admission: true as const }),
          handler: ({ peer, payload }) => party.receive(peer, payload),
        },
      },
      onError: (error) => findings.push(`${error}`),
      parameters,
      piggybackDelay: 50,
    });
    ends.push(() => server.close());
    return path(server);
  }

  async function thirdParty(x: number, hospital: string): Promise<string> {
    let accepted = 0;
    const start = { t: 1, keys: world.psks[x - 1].slice() };
    const party = new ThirdParty({
      party: presented(world.parties[x - 1]),
      sensor: (name) =>
        name === "sensor01" ? { policy: world.policy, start, statement: world.statement } : undefined,
      bundled: () => [],
      responder: (name) =>
        name === "hospital" ? { ...known(world.hospital), address: hospital } : undefined,
      store: new MemoryStore(),
      vault: new MemoryVault(),
      onEvent(event) {
        if (event.event !== "message" || event.name !== "TP_R") return;
        accepted++;
        if (accepted > count + 1) findings.push(`party ${x} took more shares than were sent`);
      },
      deadline: DEADLINE,
      attempt: 1_000,
    });
    ends.push(() => party.close());
    return serve(party, false);
  }

  /** One exchange: each share is sent until it is answered; whether the sensor has its key confirmed. */
  async function exchange(addresses: readonly string[], t: number): Promise<boolean> {
    const begun = begin(world, t);
    const { messages } = begun;
    let finished: FinishedInitiator | undefined;
    await Promise.all(
      addresses.map(async (address, i) => {
        const end = Date.now() + DEADLINE;
        while (finished === undefined && Date.now() < end) {
          const answer = await coapRequest({
            ...{ address, path: MIKEY_PATH, payload: messages[i], parameters },
            contentFormat: ContentFormats.mikey,
            timeout: Math.max(1, end - Date.now()),
          }).catch(() => undefined);
          if (answer?.code !== Codes.changed || finished !== undefined) continue;
          try {
            const state = begun.consumeVerification(i + 1, answer.payload);
            if (state instanceof FinishedInitiator) finished = state;
            // The receipt is there; R_I is not, and is not in what this party says now.
            else return;
          } catch (error) {
            if (errorNumberOf(error) === undefined) throw error;
          }
        }
      }),
    );
    if (finished === undefined) return false;
    const own = fingerprint(primitives, finished.keys);
    if (agreed.get(t) !== own) findings.push(`T ${t}: the sensor has ${own}, the Responder ${agreed.get(t)}`);
    return true;
  }

  try {
    const { responder } = await stand(world, {
      onEvent: onResponderEvent,
      deadline: DEADLINE,
      hold: DEADLINE / 2,
    });
    ends.push(() => responder.close());
    const hospital = await serve(responder, true);
    const addresses = await Promise.all(world.parties.map((_, i) => thirdParty(i + 1, hospital)));
    const confirmed = await Promise.all(Array.from({ length: count }, (_, i) => exchange(addresses, i + 1)));
    for (const one of paths) one.calm();
    const last = await exchange(addresses, count + 1);
    if (!last) findings.push("an exchange over quiet paths found no key");
    const disturbed = paths.reduce((sum, one) => sum + one.disturbed(), 0);
    assert.deepEqual(findings, []);
    return { agreed: confirmed.filter(Boolean).length, disturbed };
  } finally {
    for (const end of ends.reverse()) await end();
  }
}
