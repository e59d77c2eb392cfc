/**
 * The sensor of a board: the ECMA-419 driver that the manifest's config names (`"sensor":
 * "embedded:sensor/Temperature/TMP117"`), on the board's default I²C bus; vital signs of nobody where it names none.
 */

import config from "mc/config";
import Modules from "modules";
import type { Measurement } from "../../firmware/readings.js";
import { measurementsOf } from "../../firmware/samples.js";
import type { RandomSource } from "../../protocol/primitives.js";
import { vitalSigns } from "../linux/vital-signs.js";

/** An ECMA-419 sensor, and what the SDK provides for its bus. */
type SensorClass = new (options: { sensor: object }) => { sample(): unknown; close(): void };
interface Provider {
  readonly I2C: { readonly default: object };
  readonly io: { readonly SMBus: unknown };
}

/** Takes a reading. Throws when the driver fails. */
export function sense(random: RandomSource): Measurement[] {
  if (typeof config.sensor !== "string") return vitalSigns(random(1)[0]);
  const Sensor = Modules.importNow(config.sensor) as SensorClass;
  const { I2C, io } = Modules.importNow("embedded:provider/builtin") as Provider;
  const sensor = new Sensor({ sensor: { ...I2C.default, io: io.SMBus } });
  try {
    return measurementsOf(sensor.sample());
  } finally {
    sensor.close();
  }
}
