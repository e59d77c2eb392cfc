/** What a target makes of an input that it may not. */

import { toHex } from "../../protocol/bytes.js";
import type { Target } from "./targets/target.js";

export interface Finding {
  readonly input: Uint8Array;
  /** For people: the target, the input in hexadecimal, and what went wrong. */
  readonly text: string;
}

/** Runs a target on an input; undefined when nothing is wrong. */
export async function failure(target: Target, input: Uint8Array): Promise<Finding | undefined> {
  // Whoever reads an input must not change it.
  const copy = input.slice();
  const finding = (what: string) => ({ input, text: `${target.name}: ${toHex(input)}\n${what}` });
  try {
    await target.run(copy);
  } catch (error) {
    if (!target.allows(error)) return finding((error as Error).stack ?? `${error}`);
  }
  return copy.every((byte, i) => byte === input[i]) ? undefined : finding("the input was changed");
}
