/** The sliding window over a peer's sequence numbers (RFC 8613 §7.4, as in RFC 9147 §4.5.1): 32 wide. */

export const WINDOW_SIZE = 32;

/** What is kept of a window; all zero for a new context. */
export interface WindowState {
  /** The first number above all that were accepted. */
  readonly next: number;
  /** Bit i: whether next − 1 − i was accepted. 32 bits. */
  readonly accepted: number;
}

export const NEW_WINDOW: WindowState = { next: 0, accepted: 0 };

/** What is known of a number: never accepted, accepted once, or too old to tell. */
export type Arrival = "new" | "duplicate" | "old";

export function arrivalOf({ next, accepted }: WindowState, number: number): Arrival {
  if (number >= next) return "new";
  const back = next - 1 - number;
  if (back >= WINDOW_SIZE) return "old";
  return (accepted >>> back) & 1 ? "duplicate" : "new";
}

/**
 * The window after a new number was accepted, which comes after its message has been opened (§8.2 step 6). Throws a
 * RangeError for a number that is not new.
 */
export function withAccepted(window: WindowState, number: number): WindowState {
  if (arrivalOf(window, number) !== "new") throw new RangeError(`sequence number: ${number} is not new`);
  const { next, accepted } = window;
  if (number < next) return { next, accepted: (accepted | (1 << (next - 1 - number))) >>> 0 };
  const shift = number + 1 - next;
  return { next: number + 1, accepted: shift >= WINDOW_SIZE ? 1 : ((accepted << shift) | 1) >>> 0 };
}

/** The window of a server that forgot its own, once an Echo has proven a request to be fresh (appendix B.1.2). */
export function windowFrom(number: number): WindowState {
  // Everything below counts as accepted.
  return { next: number + 1, accepted: 0xffffffff };
}
