/** How long a cell lasts. */

import { parseQuantity, YEAR } from "./quantity.js";

export interface Cell {
  readonly name: string;
  /** Coulombs. */
  readonly capacity: number;
  /** The part of its capacity that it loses in a year. */
  readonly selfDischarge: number;
  /** Where they come from, with how far that was followed (host/energy/model/currents.ts) in front. */
  readonly source: string;
}

const mAh = 3.6;
/** Nominal capacities, at currents far below what a radio takes: pulses leave less. */
export const cells: Readonly<Record<string, Cell>> = {
  cr2032: {
    name: "CR2032",
    capacity: 225 * mAh,
    selfDischarge: 0.01,
    source:
      "[quoted] Panasonic, nominal, 1 % of self-discharge a year, as users of its data sheet repeat them",
  },
  cr2450: {
    name: "CR2450",
    capacity: 620 * mAh,
    selfDischarge: 0.01,
    source:
      "[quoted] Panasonic, nominal, as a list of parts (Digi-Key P340-ND) repeats it; [assumed] 1 % a year",
  },
  cr2477: {
    name: "CR2477",
    capacity: 1000 * mAh,
    selfDischarge: 0.01,
    source: "[unverified] the usual nominal capacity, no maker's data sheet read; [assumed] 1 % a year",
  },
  l91: {
    name: "L91 (AA lithium)",
    capacity: 3000 * mAh,
    selfDischarge: 0.01,
    source: "[quoted] Energizer, as users of its data sheet repeat it; [assumed] 1 % a year",
  },
};

/** A cell by its name, or by its capacity: 225mAh. Throws a SyntaxError that names those that are known. */
export function parseCell(text: string): Cell {
  const known = cells[text.toLowerCase()];
  if (known !== undefined) return known;
  try {
    const capacity = parseQuantity(text, "C");
    return { name: text, capacity, selfDischarge: 0, source: "given; self-discharge is not counted" };
  } catch (error) {
    const names = Object.keys(cells).join(", ");
    throw new SyntaxError(`"${text}": expected ${names} or a capacity such as 225mAh`, { cause: error });
  }
}

/** Something that happens again and again: its charge above the floor, and seconds from one to the next. */
export interface Recurring {
  readonly name: string;
  readonly coulombs: number;
  readonly every: number;
}

export interface Life {
  readonly cell: Cell;
  /** Amperes: of the floor, of all that recurs, and what the cell loses by itself. */
  readonly floor: number;
  readonly recurring: readonly (Recurring & { readonly amperes: number })[];
  readonly selfDischarge: number;
  readonly amperes: number;
  readonly seconds: number;
}

/** The life of a cell that gives all its capacity. */
export function batteryLife(cell: Cell, floor: number, recurring: readonly Recurring[]): Life {
  const parts = recurring.map((one) => ({ ...one, amperes: one.coulombs / one.every }));
  const selfDischarge = (cell.capacity * cell.selfDischarge) / YEAR;
  const amperes = floor + selfDischarge + parts.reduce((sum, part) => sum + part.amperes, 0);
  return { cell, floor, recurring: parts, selfDischarge, amperes, seconds: cell.capacity / amperes };
}
