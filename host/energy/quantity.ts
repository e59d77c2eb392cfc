/** Physical quantities as people write them: 500uJ, 1.5 mA, 225 mAh, 10min. Inside, everything is SI. */

const prefixes: Readonly<Record<string, number>> = {
  ...{ p: 1e-12, n: 1e-9, u: 1e-6, µ: 1e-6, μ: 1e-6, m: 1e-3, "": 1, k: 1e3, M: 1e6 },
};
const times: Readonly<Record<string, number>> = {
  ...{
    min: 60,
    h: 3600,
    d: 86_400,
    day: 86_400,
    days: 86_400,
    week: 604_800,
    month: 2_629_800,
    year: 31_557_600,
  },
};
/** Seconds in a year of 365.25 days. */
export const YEAR = times.year;

export type Unit = "J" | "C" | "s" | "A" | "V";

/** Reads a quantity. Charge may be in Ah, time in min, h, d. Throws a SyntaxError that says what was expected. */
export function parseQuantity(text: string, unit: Unit): number {
  const [, number, name] = /^\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)\s*(\S*)\s*$/i.exec(text) ?? [];
  const scale = name === undefined ? undefined : scaleOf(name, unit);
  if (scale === undefined) {
    const example = { J: "500uJ", C: "225mAh or 20uC", s: "10ms or 5min", A: "3uA", V: "3V" }[unit];
    throw new SyntaxError(`"${text}": expected a number and its unit, such as ${example}`);
  }
  return Number(number) * scale;
}

function scaleOf(name: string, unit: Unit): number | undefined {
  if (unit === "s" && times[name] !== undefined) return times[name];
  if (unit === "C" && name.endsWith("Ah")) {
    const prefix = prefixes[name.slice(0, -2)];
    return prefix === undefined ? undefined : prefix * 3600;
  }
  return name.endsWith(unit) ? prefixes[name.slice(0, -1)] : undefined;
}

const shown: readonly (readonly [string, number])[] = [
  ["", 1],
  ["m", 1e-3],
  ["µ", 1e-6],
  ["n", 1e-9],
];

/** Seconds, amperes, coulombs and joules smaller than this are shown as 0. */
const LEAST_SHOWN = 1e-13;

/** With a prefix and so many digits: 12.3 µJ. NaN and infinities are a dash. */
export function formatQuantity(value: number, unit: Unit, digits = 4): string {
  if (!Number.isFinite(value)) return "–";
  if (unit === "s" && value >= 120) return formatTime(value);
  // Below, there is nothing but what rounding has left.
  const size = Math.abs(value) < LEAST_SHOWN ? 0 : Math.abs(value);
  // What would be rounded up to 1000 takes the next prefix.
  const [prefix, scale] = shown.find(([, one]) => size >= one * (1 - 0.5 * 10 ** -digits)) ?? shown[3];
  return size === 0 ? `0 ${unit}` : `${fixed(value / scale, digits)} ${prefix}${unit}`;
}

/** So many digits, without exponent. */
export function fixed(value: number, digits: number): string {
  if (value === 0) return "0";
  // Rounding may add a digit: 0.9999 becomes 1.
  const rounded = Number(value.toPrecision(digits));
  const places = Math.max(0, digits - 1 - Math.floor(Math.log10(Math.abs(rounded)) + 1e-12));
  return value.toFixed(Math.min(places, 12));
}

/** Long times: min, h, days, years. */
export function formatTime(seconds: number): string {
  if (!Number.isFinite(seconds)) return "–";
  if (seconds < 120) return formatQuantity(seconds, "s", 3);
  if (seconds < 3600) return `${fixed(seconds / 60, 3)} min`;
  if (seconds < 2 * times.d) return `${fixed(seconds / 3600, 3)} h`;
  if (seconds < YEAR) return `${fixed(seconds / times.d, 3)} days`;
  return `${fixed(seconds / YEAR, 3)} years`;
}
