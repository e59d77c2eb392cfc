/** What writer.ts writes and the test of durability reads. */

export const WIDTH = 8;
export const KEPT = 50;

/** 0 to 6 kB, so that some bodies take pages of their own. */
export function bodyOf(i: number): Uint8Array {
  return new Uint8Array((i * 613) % 6000).fill(i);
}
