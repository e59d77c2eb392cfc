/** Readers of the quantities and lists that `symbolon energy` takes. What they refuse is wrong use. */

import { InvalidArgumentError } from "commander";
import { parseQuantity, type Unit } from "../energy/quantity.js";

/** The reader of an option's quantity. */
export function quantity(unit: Unit): (text: string) => number {
  return (text) => valid(() => parseQuantity(text, unit));
}

/** Passes a SyntaxError on as wrong use. */
export function valid<Value>(read: () => Value): Value {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new InvalidArgumentError(`${error.message}.`);
  }
}

/** One more of an option that can be given several times. */
export function collected<Value>(
  read: (text: string) => Value,
): (text: string, previous?: Value[]) => Value[] {
  return (text, previous = []) => [...previous, valid(() => read(text))];
}

export interface Every {
  readonly name: string;
  readonly seconds: number;
}

/** NAME=TIME. */
export function every(text: string): Every {
  const [, name, time] = /^([\w-]+)=(.+)$/.exec(text) ?? [];
  if (name === undefined) throw new SyntaxError(`"${text}": expected NAME=TIME, such as exchange=1d`);
  return { name, seconds: parseQuantity(time, "s") };
}
