/**
 * Echo values of a server (RFC 9175 §2, appendix A.2): a time and a MAC over it under a key that the process
 * draws at its start, so that nothing is kept for each client and a restart makes all of them stale.
 */

import { concat, equal, readUint, uint } from "../bytes.js";
import type { Primitives } from "../primitives.js";

/** Whole seconds: they do not wrap in a process's life. */
const TIME_LENGTH = 4;
const MAC_LENGTH = 8;

export class EchoValues {
  /** `key`: 32 random bytes. */
  constructor(
    private readonly primitives: Primitives,
    private readonly key: Uint8Array,
  ) {}

  /** A value for the client that `client` names, at `now` (milliseconds of a clock that never runs backward). */
  issue(client: Uint8Array, now: number): Uint8Array {
    return this.#value(client, uint(Math.floor(now / 1000), TIME_LENGTH));
  }

  /**
   * How long ago a value was issued to this client, in milliseconds and at most a second too long; undefined for
   * one that never was.
   */
  age(client: Uint8Array, value: Uint8Array, now: number): number | undefined {
    if (value.length !== TIME_LENGTH + MAC_LENGTH) return undefined;
    if (!equal(this.#value(client, value.subarray(0, TIME_LENGTH)), value)) return undefined;
    return now - readUint(value, 0, TIME_LENGTH) * 1000;
  }

  #value(client: Uint8Array, time: Uint8Array): Uint8Array {
    const mac = this.primitives.hmac("sha-256", this.key, concat(time, client));
    return concat(time, mac.subarray(0, MAC_LENGTH));
  }
}
