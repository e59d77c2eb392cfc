/**
 * Who may cause work: before a handler that spends public-key operations runs, a sender shows that it receives at
 * its address (Echo, RFC 9175 §2), and one whose requests keep being refused waits. Neither needs memory for
 * senders that show nothing.
 *
 * A request is at least as long as the challenge, but for the shortest: this amplifies nothing (§2.6).
 */

import { randomBytes } from "node:crypto";
import { ascii } from "../../protocol/bytes.js";
import { encodeUint, findOption, type Message } from "../../protocol/coap/message.js";
import { Codes, OptionNumbers } from "../../protocol/coap/numbers.js";
import { EchoValues } from "../../protocol/oscore/echo.js";
import { primitives } from "../primitives.js";
import { parseAddress } from "./address.js";
import { Rate } from "./rate.js";
import { type Answer, bare } from "./resources.js";

/** Bytes of the key under which Echo values are made. */
const KEY_LENGTH = 32;
/** Milliseconds for which a sender may use the value that it was given. */
const ECHO_LIFETIME = 60_000;
/** Requests of one host that may be refused: at once, and in a second in the long run. */
const REFUSALS_BURST = 500;
const REFUSALS_PER_SECOND = 20;
/** Seconds that a host waits which had more. */
const PENALTY = 5;
/** Hosts whose refusals are counted; who was quiet for longest gives way. */
const MAX_HOSTS = 10_000;

interface Host {
  readonly refusals: Rate;
  /** Until when it is not served. */
  until: number;
}

export class Admission {
  readonly #echo = new EchoValues(primitives, randomBytes(KEY_LENGTH));
  /** By address without port, the one that was quiet for longest first. */
  readonly #hosts = new Map<string, Host>();

  /** What a request gets before anything else is done for it, or undefined when it may pass. */
  judge(now: number, peer: string, { options }: Message): Answer | undefined {
    const value = findOption(options, OptionNumbers.echo);
    const client = ascii(peer);
    const age = value === undefined ? undefined : this.#echo.age(client, value, now);
    if (age === undefined || age > ECHO_LIFETIME) {
      const issued = { number: OptionNumbers.echo, value: this.#echo.issue(client, now) };
      return { ...bare(Codes.unauthorized), options: [issued] };
    }
    const until = this.#hosts.get(hostOf(peer))?.until ?? 0;
    if (until <= now) return undefined;
    const maxAge = { number: OptionNumbers.maxAge, value: encodeUint(Math.ceil((until - now) / 1000)) };
    return { ...bare(Codes.tooManyRequests), options: [maxAge] };
  }

  /** Counts a request that passed and was refused: the sender has shown where it is, nobody else is blamed. */
  refused(now: number, peer: string): void {
    const name = hostOf(peer);
    const host = this.#hosts.get(name) ?? {
      refusals: new Rate(now, REFUSALS_PER_SECOND, REFUSALS_BURST),
      until: 0,
    };
    this.#hosts.delete(name);
    if (!host.refusals.admits(now)) host.until = now + PENALTY * 1000;
    for (const oldest of this.#hosts.keys()) {
      if (this.#hosts.size < MAX_HOSTS) break;
      this.#hosts.delete(oldest);
    }
    this.#hosts.set(name, host);
  }
}

function hostOf(peer: string): string {
  return parseAddress(peer).host;
}
