/**
 * What Nordic's PPK2 is told and says over its serial line, after Nordic's Power Profiler app
 * (NordicSemiconductor/pc-nrfconnect-ppk, src/constants.ts and src/device/serialDevice.ts): commands of one byte and
 * their arguments, metadata as lines of ASCII, samples as words of 32 bits.
 */

export const Commands = {
  start: 0x06,
  stop: 0x07,
  /** 0 or 1: the device under test has power. */
  power: 0x0c,
  /** Millivolts in two bytes, the high one first. */
  regulator: 0x0d,
  /** 1 ampere meter, 2 source meter. */
  mode: 0x11,
  spikeFilterOn: 0x15,
  spikeFilterOff: 0x16,
  metadata: 0x19,
  reset: 0x20,
} as const;

export const LEAST_MILLIVOLTS = 800;
export const MOST_MILLIVOLTS = 5000;

export type MeterMode = "ampere" | "source";

/** Throws a RangeError when the meter can't make that voltage. */
export function regulatorCommand(millivolts: number): Uint8Array {
  if (!(millivolts >= LEAST_MILLIVOLTS && millivolts <= MOST_MILLIVOLTS)) {
    throw new RangeError(`voltage: expected ${LEAST_MILLIVOLTS} to ${MOST_MILLIVOLTS} mV, got ${millivolts}`);
  }
  const whole = Math.round(millivolts);
  return Uint8Array.of(Commands.regulator, whole >> 8, whole & 0xff);
}

export function modeCommand(mode: MeterMode): Uint8Array {
  return Uint8Array.of(Commands.mode, mode === "ampere" ? 1 : 2);
}

/** Measuring ranges, from the smallest current. */
export const RANGES = 5;

/** What the meter was calibrated with, for each range. */
export interface Calibration {
  /** Shunt in ohms, gains, offsets, and user gain: see samples.ts. */
  readonly r: readonly number[];
  readonly gs: readonly number[];
  readonly gi: readonly number[];
  readonly o: readonly number[];
  readonly s: readonly number[];
  readonly i: readonly number[];
  readonly ug: readonly number[];
}

export interface Ppk2Information {
  readonly calibration: Calibration;
  readonly calibrated: boolean;
  /** Millivolts that its regulator is set to. */
  readonly millivolts: number | undefined;
  readonly hardware: string | undefined;
}

const five = (value: number): number[] => Array.from({ length: RANGES }, () => value);
export const defaultCalibration: Calibration = {
  r: [1031.64, 101.65, 10.15, 0.94, 0.043],
  ...{ gs: five(1), gi: five(1), o: five(0), s: five(0), i: five(0), ug: five(1) },
};

/** The line behind the last one. */
export const METADATA_END = "END";

/** Reads the metadata. What is missing, zero or no number ("-nan" occurs) has its default, as in the app. */
export function parseMetadata(text: string): Ppk2Information {
  const values = new Map<string, string>();
  for (const line of text.split("\n")) {
    const [, key, value] = /^\s*([A-Za-z0-9]+)\s*:\s*(.*?)\s*$/.exec(line) ?? [];
    if (key !== undefined) values.set(key.toLowerCase(), value);
  }
  const number = (key: string): number | undefined => {
    const value = Number(values.get(key) || Number.NaN);
    return Number.isFinite(value) ? value : undefined;
  };
  const calibration = Object.fromEntries(
    Object.entries(defaultCalibration).map(([key, defaults]: [string, readonly number[]]) => [
      key,
      defaults.map((value, range) => number(`${key}${range}`) || value),
    ]),
  ) as unknown as Calibration;
  return {
    calibration,
    calibrated: (number("calibrated") ?? 0) !== 0,
    millivolts: number("vdd"),
    hardware: values.get("hw"),
  };
}
