/**
 * The Responder's end of an exchange, one type for each state.
 *
 * Shares are grouped by what they say of their session, check value included, with one share for each third
 * party: a share that says something else is in another group and stands in nobody's way.
 */

import { ascii, concat, equal, toHex, wipe } from "../bytes.js";
import type { Primitives } from "../primitives.js";
import { decodeShares, type Share } from "../shares/decode.js";
import { type Confirmation, createConfirmation } from "./confirmation.js";
import type { ForwardedShare } from "./forward-message.js";
import { type ChannelKeys, channelKeys, checkValue, type Session, sessionBytes } from "./session.js";

/** The name of the group that a share belongs to: a digest in hexadecimal of its session and check value. */
export function groupName(
  primitives: Primitives,
  { session, checkValue }: { readonly session: Session; readonly checkValue: Uint8Array },
): string {
  return toHex(primitives.sha256(concat(sessionBytes(session), ascii(session.suite.name), checkValue)));
}

/** Shares of one group, on their way to k. */
export class CollectingGroup {
  readonly session: Session;
  readonly #checkValue: Uint8Array;
  readonly #shares: Share[] = [];

  constructor({ session, checkValue }: { readonly session: Session; readonly checkValue: Uint8Array }) {
    this.session = session;
    this.#checkValue = checkValue.slice();
  }

  /** How many third parties have given their share. */
  get count(): number {
    return this.#shares.length;
  }

  /** How many more shares the threshold asks for. */
  get missing(): number {
    return Math.max(0, this.session.sharing.threshold - this.count);
  }

  /** Takes a share of this group; one of a third party that has given its share already changes nothing. */
  add({ x, share }: Pick<ForwardedShare, "x" | "share">): void {
    if (this.#shares.some((other) => other.x === x)) return;
    this.#shares.push({ x, value: share.slice() });
  }

  /**
   * The key, once k shares are there and the check value holds; undefined as long as shares are missing,
   * or when those that are there do not fit the check value: then a third party or the sensor lied.
   */
  rebuild(primitives: Primitives): RebuiltGroup | undefined {
    const decoded = decodeShares(this.session.sharing, this.#shares);
    if (decoded === undefined) return undefined;
    const { tgk, misfits } = decoded;
    if (!equal(checkValue(primitives, this.session, tgk), this.#checkValue)) {
      wipe(tgk);
      return undefined;
    }
    this.abandon();
    return new RebuiltGroup(this.session, tgk, misfits);
  }

  /** Forgets the shares. */
  abandon(): void {
    wipe(...this.#shares.map(({ value }) => value));
    this.#shares.length = 0;
  }
}

/** The key is rebuilt, and the check value has shown that it is the sensor's. */
export class RebuiltGroup {
  #tgk: Uint8Array | undefined;

  constructor(
    readonly session: Session,
    tgk: Uint8Array,
    /** Share indices that do not lie on the polynomial: the third party or the sensor lied. */
    readonly misfits: readonly number[],
  ) {
    this.#tgk = tgk;
  }

  /** R_I with the Responder's freshness, and the keys of the channel. The TGK is forgotten: once only. */
  confirm(
    primitives: Primitives,
    confirmation: Confirmation,
  ): { readonly message: Uint8Array; readonly keys: ChannelKeys } {
    const tgk = this.#tgk;
    // Zeros in its place would make keys that anybody can make.
    if (tgk === undefined) throw new Error("exchange: it is confirmed, its TGK is forgotten");
    const message = createConfirmation(primitives, this.session, tgk, confirmation);
    const keys = channelKeys(primitives, this.session, tgk);
    wipe(tgk);
    this.#tgk = undefined;
    return { message, keys };
  }
}
