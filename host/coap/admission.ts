/**
 * Who may cause work: before a handler that spends public-key operations runs, a sender shows that it receives at
 * its address (Echo, RFC 9175 §2), and a network whose requests keep being refused waits. Neither needs memory for
 * senders that show nothing.
 *
 * A request is at least as long as the challenge, but for the shortest: this amplifies nothing (§2.6).
 */

import { randomBytes } from "node:crypto";
import { ascii } from "../../protocol/bytes.js";
import type { Message } from "../../protocol/coap/message.js";
import { Codes, OptionNumbers } from "../../protocol/coap/numbers.js";
import { encodeUint, findOption } from "../../protocol/coap/options.js";
import { EchoValues } from "../../protocol/oscore/echo.js";
import { primitives } from "../primitives.js";
import { parseAddress } from "./address.js";
import { type Answer, bare } from "./answer.js";
import { networkOf } from "./network.js";
import { Rate } from "./rate.js";

/** Bytes of the key under which Echo values are made. */
const KEY_LENGTH = 32;
/** Milliseconds for which a sender may use the value that it was given. */
const ECHO_LIFETIME = 60_000;
/** Requests of one network that may be refused: at once, and in a second in the long run. */
const REFUSALS_BURST = 500;
const REFUSALS_PER_SECOND = 20;
/** Seconds that a network waits which had more. */
const PENALTY = 5;
/** Networks whose refusals are counted; who was quiet for longest gives way. */
const MAX_NETWORKS = 10_000;

interface Network {
  readonly refusals: Rate;
  /** Until when it is not served. */
  until: number;
}

export class Admission {
  readonly #echo = new EchoValues(primitives, randomBytes(KEY_LENGTH));
  /** By name (networkOf), the one that was quiet for longest first. */
  readonly #networks = new Map<string, Network>();

  /** What a request gets before anything else is done for it, or undefined when it may pass. */
  judge(now: number, peer: string, { options }: Message): Answer | undefined {
    const value = findOption(options, OptionNumbers.echo);
    const client = ascii(peer);
    const age = value === undefined ? undefined : this.#echo.age(client, value, now);
    if (age === undefined || age > ECHO_LIFETIME) {
      const issued = { number: OptionNumbers.echo, value: this.#echo.issue(client, now) };
      return { ...bare(Codes.unauthorized), options: [issued] };
    }
    const until = this.#networks.get(nameOf(peer))?.until ?? 0;
    if (until <= now) return undefined;
    const maxAge = { number: OptionNumbers.maxAge, value: encodeUint(Math.ceil((until - now) / 1000)) };
    return { ...bare(Codes.tooManyRequests), options: [maxAge] };
  }

  /** Counts a request that passed and was refused: the sender has shown where it is, nobody else is blamed. */
  refused(now: number, peer: string): void {
    const name = nameOf(peer);
    const network = this.#networks.get(name) ?? {
      refusals: new Rate(now, REFUSALS_PER_SECOND, REFUSALS_BURST),
      until: 0,
    };
    this.#networks.delete(name);
    if (!network.refusals.admits(now)) network.until = now + PENALTY * 1000;
    for (const oldest of this.#networks.keys()) {
      if (this.#networks.size < MAX_NETWORKS) break;
      this.#networks.delete(oldest);
    }
    this.#networks.set(name, network);
  }
}

function nameOf(peer: string): string {
  return networkOf(parseAddress(peer).host);
}
