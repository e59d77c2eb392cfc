/** `--assert 'exchange.energy < 500uJ'`: a figure that must hold, for a CI that guards a budget. */

import { formatQuantity, parseQuantity, type Unit } from "../quantity.js";
import type { Figures, Row } from "./figures.js";

const metrics: Readonly<Record<string, Unit | undefined>> = {
  ...{ energy: "J", charge: "C", time: "s", current: "A", peak: "A", count: undefined },
};
type Statistic = "mean" | "least" | "most" | "total" | "deviation";

export interface Assertion {
  readonly text: string;
  readonly name: string;
  readonly metric: string;
  readonly statistic: Statistic;
  readonly operator: string;
  readonly limit: number;
}

export interface Verdict {
  readonly text: string;
  readonly holds: boolean;
  /** The figure, in words. */
  readonly figure: string;
}

const GRAMMAR = /^\s*([\w-]+)\.(\w+)(?:\.(mean|least|most|total|deviation))?\s*(<=|>=|<|>)\s*(.+?)\s*$/;

/** Reads an assertion. Throws a SyntaxError that says what was expected. */
export function parseAssertion(text: string): Assertion {
  const [, name, metric, statistic = "mean", operator, limit] = GRAMMAR.exec(text) ?? [];
  if (name === undefined || !(metric in metrics)) {
    const known = Object.keys(metrics).join(", ");
    throw new SyntaxError(`"${text}": expected PHASE.METRIC < LIMIT; the metrics are ${known}`);
  }
  const unit = metrics[metric];
  const value = unit === undefined ? Number(limit) : parseQuantity(limit, unit);
  if (Number.isNaN(value)) throw new SyntaxError(`"${text}": expected a number behind ${operator}`);
  return { text, name, metric, statistic: statistic as Statistic, operator, limit: value };
}

/** Whether it holds. A figure that nobody knows, or that is unreliable, does not. */
export function judge(
  { rows }: Figures,
  { text, name, metric, statistic, operator, limit }: Assertion,
): Verdict {
  const row = rows.find((one) => one.name === name);
  if (row === undefined) {
    const names = rows.map((one) => one.name).join(", ");
    return { text, holds: false, figure: `there is no ${name} in the trace; there are ${names}` };
  }
  if (row.unreliable > 0) return { text, holds: false, figure: `${name} is unreliable: samples are missing` };
  const value = figureOf(row, metric, statistic);
  const unit = metrics[metric];
  if (!Number.isFinite(value)) {
    const why = metric === "energy" && row.energy === undefined ? "give --volts" : `of ${row.count} repeats`;
    return { text, holds: false, figure: `${name}.${metric} is not known: ${why}` };
  }
  const holds = { "<": value < limit, "<=": value <= limit, ">": value > limit, ">=": value >= limit }[
    operator
  ];
  const shown = unit === undefined ? `${value}` : formatQuantity(value, unit);
  return { text, holds: holds === true, figure: `${name}.${metric} is ${shown}` };
}

function figureOf(row: Row, metric: string, statistic: Statistic): number {
  if (metric === "count") return row.count;
  if (metric === "current") return row.current;
  if (metric === "peak") return row.peak;
  const summary = { energy: row.energy, charge: row.charge, time: row.time }[metric];
  return summary?.[statistic] ?? Number.NaN;
}
