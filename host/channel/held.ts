/**
 * Protected requests that came before their key: kept in memory, as they came, bounded in count, bytes and time.
 * Nobody has authenticated them. When there is no room, the newcomer is turned away: what a sensor sends before its
 * exchange is confirmed it sends again afterwards.
 */

import type { CoapContent } from "../../protocol/oscore/message.js";

export interface HeldLimits {
  readonly count: number;
  readonly bytes: number;
  /** Of one context: a sensor sends its first reading early, and not all of them. */
  readonly perContext: number;
  /** Milliseconds. */
  readonly time: number;
}

interface Held {
  readonly name: string;
  readonly peer: string;
  readonly message: CoapContent;
  readonly bytes: number;
  readonly until: number;
}

export class HeldRequests {
  /** Oldest first. */
  #held: Held[] = [];
  #bytes = 0;

  constructor(private readonly limits: HeldLimits) {}

  get count(): number {
    return this.#held.length;
  }

  /** Keeps a request for the context of that name; false when there is no room. */
  hold(now: number, name: string, peer: string, message: CoapContent): boolean {
    this.#forget(now);
    const { count, bytes, perContext, time } = this.limits;
    const size = message.options.reduce((sum, { value }) => sum + value.length, message.payload.length);
    const others = this.#held.filter((held) => held.name === name).length;
    if (this.#held.length >= count || others >= perContext || this.#bytes + size > bytes) return false;
    this.#bytes += size;
    this.#held.push({ name, peer, message: copy(message), bytes: size, until: now + time });
    return true;
  }

  /** Takes what was kept for a context, in the order in which it came. */
  take(now: number, name: string): { readonly peer: string; readonly message: CoapContent }[] {
    this.#forget(now);
    const taken = this.#held.filter((held) => held.name === name);
    this.#keep((held) => held.name !== name);
    return taken.map(({ peer, message }) => ({ peer, message }));
  }

  #forget(now: number): void {
    this.#keep(({ until }) => until > now);
  }

  #keep(stays: (held: Held) => boolean): void {
    this.#held = this.#held.filter(stays);
    this.#bytes = this.#held.reduce((sum, { bytes }) => sum + bytes, 0);
  }
}

/** What outlives its datagram must not be a view of it. */
function copy({ code, options, payload }: CoapContent): CoapContent {
  return {
    code,
    options: options.map(({ number, value }) => ({ number, value: value.slice() })),
    payload: payload.slice(),
  };
}
