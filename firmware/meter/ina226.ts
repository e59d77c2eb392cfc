/**
 * INA226, Texas Instruments' 16-bit current meter (SBOS547B: registers in §7.1, scale in §6.5.2.1).
 * Constructor, configure, sample and close as ECMA-419 §13 wants them of a sensor.
 */

import {
  type CurrentMeter,
  type MeterConfiguration,
  type MeterOptions,
  type MeterSample,
  openChip,
  type SMBus,
  signed,
} from "./smbus.js";

const Registers = {
  config: 0x00,
  busVoltage: 0x02,
  current: 0x04,
  calibration: 0x05,
} as const;

const CHIP = { name: "INA226", manufacturer: 0xfe, device: 0xff, number: 0x226 } as const;
/** CONFIG: shunt and bus without end, 332 µs each, no averages. */
const CONTINUOUS = (1 << 14) | (2 << 6) | (2 << 3) | 7;
/** Volts across the shunt. */
const RANGE = 0.08192;
const BUS_STEP = 1.25e-3;
const MOST_CALIBRATION = 0x7fff;

export class INA226 implements CurrentMeter {
  readonly #io: SMBus;
  /** Amperes of a step. */
  #step = 0;

  /** Throws an Error when another chip answers. */
  constructor(options: MeterOptions) {
    this.#io = openChip(options, CHIP);
  }

  /** Begins to measure. Throws a RangeError when shunt and current do not go together. */
  configure({ shunt, maximum }: MeterConfiguration): void {
    const volts = shunt * maximum;
    if (!(volts > 0 && volts <= RANGE)) {
      throw new RangeError(`shunt: expected at most ${RANGE} V at ${maximum} A, got ${volts} V`);
    }
    this.#step = maximum / 2 ** 15;
    const calibration = Math.round(0.00512 / (this.#step * shunt));
    if (calibration > MOST_CALIBRATION) {
      throw new RangeError(`shunt: ${volts} V at ${maximum} A is too little for this chip`);
    }
    this.#io.writeUint16(Registers.calibration, calibration, true);
    this.#io.writeUint16(Registers.config, CONTINUOUS, true);
  }

  sample(): MeterSample {
    return {
      current: signed(this.#io.readUint16(Registers.current, true), 16) * this.#step,
      volts: this.#io.readUint16(Registers.busVoltage, true) * BUS_STEP,
    };
  }

  close(): void {
    this.#io.close();
  }
}
