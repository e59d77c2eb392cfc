/**
 * The Responder's end of an exchange, one type for each state.
 *
 * Shares are grouped by what they say of their session, check value included, with one share for each third
 * party: a share that says something else is in another group and stands in nobody's way.
 */

import { ascii, concat, equal, toHex, uint, wipe } from "../bytes.js";
import type { Primitives } from "../primitives.js";
import { type Decoded, decodeShares } from "../shares/decode.js";
import { searchShares } from "../shares/search.js";
import { derivedFrom, interpolate, type Share } from "../shares/share.js";
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

/** Bytes of the digest by which a share that comes late is known. */
const SHARE_DIGEST_LENGTH = 16;

/**
 * What a Responder keeps of a share to recognise it: the first 16 bytes of SHA-256(group's name ‖ x ‖ share). A
 * share has 128 bits that nobody can guess.
 */
export function shareDigest(
  primitives: Primitives,
  group: string,
  { x, share }: Pick<ForwardedShare, "x" | "share">,
): Uint8Array {
  return primitives.sha256(concat(ascii(group), uint(x, 1), share)).slice(0, SHARE_DIGEST_LENGTH);
}

/** Whether a share is the one that `digests`, of a key's RebuiltGroup, have in its place. */
export function isShareOf(
  primitives: Primitives,
  group: string,
  share: Pick<ForwardedShare, "x" | "share">,
  digests: Uint8Array,
): boolean {
  const end = share.x * SHARE_DIGEST_LENGTH;
  return equal(shareDigest(primitives, group, share), digests.subarray(end - SHARE_DIGEST_LENGTH, end));
}

/** Shares of one group, on their way to k. */
export class CollectingGroup {
  readonly session: Session;
  readonly #checkValue: Uint8Array;
  readonly #shares: Share[] = [];
  /** Of how many of the first shares all subsets of k were judged. */
  #tried = 0;

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

  /** Forgets the share of one third party; what was judged without it stays judged. */
  remove(x: number): void {
    const place = this.#shares.findIndex((share) => share.x === x);
    if (place < 0) return;
    wipe(this.#shares[place].value);
    this.#shares.splice(place, 1);
    if (place < this.#tried) this.#tried--;
  }

  /**
   * The key, once k shares are there that fit the check value; undefined as long as shares are missing, or when
   * those that are there do not fit: then a third party or the sensor lied, and a later share may help.
   *
   * Unique decoding comes first, then a search. The work is bounded by n and MAX_CANDIDATES for a whole group,
   * and needs k shares that name this check value: fewer than k liars cause none but in the sensor's own group.
   */
  rebuild(primitives: Primitives): RebuiltGroup | undefined {
    const decoded = this.#decode(primitives);
    if (decoded === undefined) return undefined;
    const { tgk, base, misfits } = decoded;
    const digests = this.#digests(primitives, base);
    this.abandon();
    return new RebuiltGroup(this.session, tgk, misfits, digests);
  }

  #decode(primitives: Primitives): Decoded | undefined {
    const { sharing } = this.session;
    if (this.missing > 0) return undefined;
    const isTrue = (tgk: Uint8Array, base: readonly Share[]) => {
      const derived = derivedFrom(sharing, base);
      const value = checkValue(primitives, this.session, tgk, derived);
      wipe(...derived);
      return equal(value, this.#checkValue);
    };
    const nearest = decodeShares(sharing, this.#shares);
    if (nearest !== undefined) {
      if (isTrue(nearest.tgk, nearest.base)) return nearest;
      wipe(nearest.tgk);
    }
    const found = searchShares(sharing, this.#shares, isTrue, this.#tried);
    this.#tried = this.count;
    return found;
  }

  #digests(primitives: Primitives, base: readonly Share[]): Uint8Array {
    const group = groupName(primitives, { session: this.session, checkValue: this.#checkValue });
    const digests = Array.from({ length: this.session.sharing.shares }, (_, i) => {
      const share = interpolate(base, i + 1);
      const digest = shareDigest(primitives, group, { x: i + 1, share });
      wipe(share);
      return digest;
    });
    return concat(...digests);
  }

  /** Forgets the shares. */
  abandon(): void {
    wipe(...this.#shares.map(({ value }) => value));
    this.#shares.length = 0;
    this.#tried = 0;
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
    /** Of all n shares as they must be, one after the other: isShareOf() judges by them those that come late. */
    readonly shareDigests: Uint8Array,
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
