/**
 * How the time of an exchange is divided. Whoever asks must wait longer than whoever answers takes, or an answer
 * that comes at the last moment meets nobody.
 */

/** What an exchange may take unless its enrolment says otherwise, in milliseconds. */
export const DEFAULT_EXCHANGE = 20_000;

/** The parts of a sensor's wait. */
const FORWARD = 0.8;
const HOLD = 0.6;
/** A third party asks at least so often while it waits: the Responder may have lost the question in a restart. */
const ATTEMPTS = 3;
/** Two retransmissions fit (RFC 7252 §4.2): to ask again earlier than that helps nobody. */
const LONGEST_ATTEMPT = 6_000;

/** All in milliseconds. */
export interface Deadlines {
  /** How long a third party asks the Responder about one share. */
  readonly forward: number;
  /** How long one of its questions may take, until it asks anew. */
  readonly attempt: number;
  /** How long the Responder lets a third party wait, until it says that it has the share and no key yet. */
  readonly hold: number;
  /** How long the Responder keeps shares that wait for others. */
  readonly session: number;
}

/** The deadlines that belong to a sensor which waits `exchange` milliseconds. */
export function deadlinesOf(exchange: number): Deadlines {
  const forward = exchange * FORWARD;
  return {
    forward,
    attempt: Math.min(LONGEST_ATTEMPT, forward / ATTEMPTS),
    hold: exchange * HOLD,
    session: exchange,
  };
}
