/** The options of a request: which are understood, and their values. */

import { type Block, decodeBlock } from "../../protocol/coap/block.js";
import { isCritical, OptionNumbers } from "../../protocol/coap/numbers.js";
import { decodeUint, findOption, type Option } from "../../protocol/coap/options.js";

/** The critical options that are understood: how long their values may be, and whether they may repeat. */
const understood = new Map([
  [OptionNumbers.uriHost as number, { max: 255, repeatable: false }],
  [OptionNumbers.uriPort, { max: 2, repeatable: false }],
  [OptionNumbers.uriPath, { max: 255, repeatable: true }],
  [OptionNumbers.uriQuery, { max: 255, repeatable: true }],
  [OptionNumbers.accept, { max: 2, repeatable: false }],
  [OptionNumbers.block2, { max: 3, repeatable: false }],
  [OptionNumbers.block1, { max: 3, repeatable: false }],
]);

/** A critical option that is unknown, too long, or repeated when it must not be (RFC 7252 §5.4.1, .3, .5). */
export function hasBadCritical(options: readonly Option[], carriesOscore = false): boolean {
  let previous = 0;
  for (const { number, value } of options) {
    if (number === OptionNumbers.oscore && carriesOscore) {
      if (number === previous) return true;
    } else if (isCritical(number)) {
      const known = understood.get(number);
      if (known === undefined || value.length > known.max) return true;
      if (number === previous && !known.repeatable) return true;
    }
    previous = number;
  }
  return false;
}

/** Whether an option is there. */
export function has(options: readonly Option[], number: number): boolean {
  return findOption(options, number) !== undefined;
}

/** A uint option, or undefined when it is missing or has a length that it can't have. */
export function uintOf(options: readonly Option[], number: number): number | undefined {
  const value = findOption(options, number);
  return value === undefined || value.length > 4 ? undefined : decodeUint(value);
}

/** A Block option; undefined for one that can't be read. */
export function blockOf(value: Uint8Array): Block | undefined {
  try {
    return decodeBlock(value);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
