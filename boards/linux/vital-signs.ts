/** Vital signs of nobody, for simulations: which they are follows from their number. */

import type { Measurement } from "../../firmware/readings.js";

/**
 * Reading `i` (from 0): oxygen saturation, and in turn heart rate and body temperature, in units of RFC 8428 §12.1. With
 * two of them it goes in one frame of IEEE 802.15.4, through a gateway too.
 */
export function vitalSigns(i: number): Measurement[] {
  return [
    i % 2 === 0
      ? { name: "heart-rate", unit: "beat/min", value: 62 + ((i * 7) % 29), decimals: 0 }
      : { name: "temperature", unit: "Cel", value: 362 + ((i * 5) % 17), decimals: 1 },
    { name: "spo2", unit: "/", value: 94 + ((i * 3) % 6), decimals: 2 },
  ];
}

/** As the Responder shows it. */
export function record({ name, unit, value, decimals }: Measurement): object {
  return { n: name, u: unit, v: Number(`${value}e-${decimals}`) };
}
