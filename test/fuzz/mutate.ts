/** Inputs out of inputs: what a fuzzer tries next. */

/** Numbers from 0 up to and without `below`. */
export type Random = (below: number) => number;

/** xorshift32: the same seed, the same inputs. */
export function randomOf(seed: number): Random {
  let state = seed | 0 || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

/** Values at which lengths, counts and types turn. */
const edges = [0, 1, 2, 12, 13, 14, 15, 16, 127, 128, 253, 254, 255];

type Mutation = (bytes: Uint8Array, random: Random, other: Uint8Array) => Uint8Array;

const spliced = (bytes: Uint8Array, at: number, removed: number, added: Uint8Array): Uint8Array => {
  const end = Math.min(bytes.length, at + removed);
  const result = new Uint8Array(bytes.length - (end - at) + added.length);
  result.set(bytes.subarray(0, at));
  result.set(added, at);
  result.set(bytes.subarray(end), at + added.length);
  return result;
};

const changed = (bytes: Uint8Array, at: number, change: (byte: number) => number): Uint8Array => {
  const copy = bytes.slice();
  if (copy.length > 0) copy[at % copy.length] = change(copy[at % copy.length]);
  return copy;
};

const mutations: readonly Mutation[] = [
  (bytes, random) => changed(bytes, random(bytes.length + 1), (byte) => byte ^ (1 << random(8))),
  (bytes, random) => changed(bytes, random(bytes.length + 1), () => random(256)),
  (bytes, random) => changed(bytes, random(bytes.length + 1), () => edges[random(edges.length)]),
  (bytes, random) => changed(bytes, random(bytes.length + 1), (byte) => byte + (random(2) === 0 ? 1 : 255)),
  (bytes, random) => bytes.slice(0, random(bytes.length + 1)),
  (bytes, random) => spliced(bytes, random(bytes.length + 1), 1 + random(8), new Uint8Array(0)),
  (bytes, random) =>
    spliced(
      bytes,
      random(bytes.length + 1),
      0,
      Uint8Array.from({ length: 1 + random(8) }, () => random(256)),
    ),
  (bytes, random) => {
    const from = random(bytes.length + 1);
    return spliced(bytes, random(bytes.length + 1), 0, bytes.slice(from, from + 1 + random(32)));
  },
  (bytes, random, other) => {
    const from = random(other.length + 1);
    return spliced(bytes, random(bytes.length + 1), random(32), other.slice(from, from + 1 + random(64)));
  },
];

/** One to four changes of `bytes`, parts of `other` among them; at most `longest` bytes. */
export function mutate(bytes: Uint8Array, other: Uint8Array, longest: number, random: Random): Uint8Array {
  let result = bytes;
  for (let left = 1 + random(4); left > 0; left--) {
    result = mutations[random(mutations.length)](result, random, other);
  }
  return result.slice(0, longest);
}
