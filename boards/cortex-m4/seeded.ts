/** The emulated board's source of randomness where a run is to be repeated. For tests and simulations only. */

import { createHash } from "node:crypto";

/** Bytes that look random and follow from a text: SHA-256 in counter mode. */
export function seededBytes(seed: string): (length: number) => Uint8Array {
  let counter = 0;
  return (length) => {
    const bytes = new Uint8Array(length);
    for (let done = 0; done < length; done += 32) {
      const block = createHash("sha256").update(`${seed} ${counter++}`).digest();
      bytes.set(block.subarray(0, Math.min(32, length - done)), done);
    }
    return bytes;
  };
}
