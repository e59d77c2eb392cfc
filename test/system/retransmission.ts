/**
 * What RFC 7252 §4.2 predicts of an exchange over a network that loses datagrams: a Monte-Carlo model of CON
 * retransmission on both hops, with nothing of the implementation in it.
 */

/** RFC 7252 §4.8, seconds. */
const ACK_TIMEOUT = 2;
const ACK_RANDOM_FACTOR = 1.5;
const MAX_RETRANSMIT = 4;

export interface Model {
  /** The part of all datagrams that is lost. */
  readonly drop: number;
  readonly thirdParties: number;
  readonly threshold: number;
  /** Seconds from the first datagram. */
  readonly deadline: number;
  /** How many CON TP_R goes in: its blocks, and the first once more with the Echo that the Responder asks for. */
  readonly questions: number;
}

/**
 * The probability that at least `threshold` shares are at the Responder by the deadline, when each is sent as a
 * CON to the third party, and goes from there in some more of them. Processing takes no time.
 */
export function agreementProbability(model: Model, samples = 100_000): number {
  const random = generator(1);
  let agreed = 0;
  for (let i = 0; i < samples; i++) {
    let arrived = 0;
    for (let party = 0; party < model.thirdParties; party++) {
      if (shareArrival(model, random) <= model.deadline) arrived++;
    }
    if (arrived >= model.threshold) agreed++;
  }
  return agreed / samples;
}

/** When a share is at the Responder, in seconds; Infinity: never. */
function shareArrival({ drop, questions }: Model, random: () => number): number {
  let time = transmit(random, () => random() >= drop);
  // Each but the last must be answered before the next is sent: request and answer must both arrive.
  for (let question = 1; question < questions; question++) {
    time += transmit(random, () => random() >= drop && random() >= drop);
  }
  return time + transmit(random, () => random() >= drop);
}

/** When the first transmission of a CON that succeeds is sent: 0, T, 3 T, 7 T, 15 T with T from 2 to 3 s. */
function transmit(random: () => number, succeeds: () => boolean): number {
  let timeout = ACK_TIMEOUT * (1 + random() * (ACK_RANDOM_FACTOR - 1));
  let time = 0;
  for (let transmission = 0; transmission <= MAX_RETRANSMIT; transmission++) {
    if (succeeds()) return time;
    time += timeout;
    timeout *= 2;
  }
  return Number.POSITIVE_INFINITY;
}

/** The greatest m for which fewer than m successes in `trials` have a probability of at most `level`. */
export function binomialQuantile(trials: number, probability: number, level: number): number {
  let cumulative = 0;
  for (let successes = 0; successes <= trials; successes++) {
    cumulative += binomial(trials, successes, probability);
    if (cumulative > level) return successes;
  }
  return trials;
}

function binomial(trials: number, successes: number, probability: number): number {
  let value = 1;
  for (let i = 0; i < successes; i++) value *= ((trials - i) / (successes - i)) * probability;
  return value * (1 - probability) ** (trials - successes);
}

/** Numbers in [0, 1), the same each time: mulberry32. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let x = Math.imul(state ^ (state >>> 15), state | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  };
}
