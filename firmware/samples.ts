/** What an ECMA-419 sensor samples (ECMA-419 §13, "Sensor class pattern"), as measurements. */

import type { Measurement } from "./readings.js";

/** Name, unit out of SenML's registry, decimals, and by what the sensor's unit is multiplied. */
const quantities: Readonly<
  Record<string, readonly [name: string, unit: string, decimals: number, by: number]>
> = {
  temperature: ["temperature", "Cel", 2, 1],
  humidity: ["humidity", "%RH", 1, 100],
  pressure: ["pressure", "Pa", 0, 1],
  illuminance: ["illuminance", "lx", 1, 1],
  x: ["acceleration-x", "m/s2", 2, 1],
  y: ["acceleration-y", "m/s2", 2, 1],
  z: ["acceleration-z", "m/s2", 2, 1],
  heartRate: ["heart-rate", "beat/min", 0, 1],
};

/**
 * The measurements in a sample, those of sensors with several in their parts too (`{ thermometer: { temperature } }`).
 * Throws an Error where it holds none that is known.
 */
export function measurementsOf(sample: unknown): Measurement[] {
  const measurements = collect(sample);
  if (measurements.length === 0) throw new Error("sensor: its sample holds nothing that is known");
  return measurements;
}

function collect(sample: unknown): Measurement[] {
  if (typeof sample !== "object" || sample === null) return [];
  return Object.entries(sample).flatMap(([key, value]) => {
    if (typeof value !== "number") return collect(value);
    const quantity = Object.hasOwn(quantities, key) ? quantities[key] : undefined;
    if (quantity === undefined || !Number.isFinite(value)) return [];
    const [name, unit, decimals, by] = quantity;
    return [{ name, unit, value: Math.round(value * by * 10 ** decimals), decimals }];
  });
}
