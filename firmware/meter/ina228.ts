/**
 * INA228, Texas Instruments' 20-bit current meter that adds up charge and energy itself (SLYS021A: registers
 * in §7.6, scales in §8.1.2). Constructor, configure, sample and close as ECMA-419 §13 wants them of a sensor.
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
  adcConfig: 0x01,
  shuntCalibration: 0x02,
  busVoltage: 0x05,
  current: 0x07,
  energy: 0x09,
  charge: 0x0a,
} as const;

const CHIP = { name: "INA228", manufacturer: 0x3e, device: 0x3f, number: 0x228 } as const;
/** CONFIG: clears both sums; the small range of the shunt's voltage. */
const RESET_SUMS = 1 << 14;
const SMALL_RANGE = 1 << 4;
/** ADC_CONFIG: shunt and bus without end, 280 µs each, no averages. */
const CONTINUOUS = (0xb << 12) | (3 << 9) | (3 << 6) | (3 << 3);
/** Volts across the shunt. */
const LARGE = 0.16384;
const SMALL = 0.04096;
const BUS_STEP = 195.3125e-6;

/** Charge and energy since configure() or reset(). */
export interface Sums {
  readonly coulombs: number;
  readonly joules: number;
}

export class INA228 implements CurrentMeter {
  readonly #io: SMBus;
  readonly #three = new Uint8Array(3);
  readonly #five = new Uint8Array(5);
  #config = 0;
  /** Amperes of a step. */
  #step = 0;

  /** Throws an Error when another chip answers. */
  constructor(options: MeterOptions) {
    this.#io = openChip(options, CHIP);
  }

  /** Begins to measure, and to add up from zero. Throws a RangeError when shunt and current do not go together. */
  configure({ shunt, maximum }: MeterConfiguration): void {
    const volts = shunt * maximum;
    if (!(volts > 0 && volts <= LARGE)) {
      throw new RangeError(`shunt: expected at most ${LARGE} V at ${maximum} A, got ${volts} V`);
    }
    const small = volts <= SMALL;
    this.#step = maximum / 2 ** 19;
    const calibration = Math.round(13_107.2e6 * this.#step * shunt * (small ? 4 : 1));
    this.#config = small ? SMALL_RANGE : 0;
    const io = this.#io;
    io.writeUint16(Registers.shuntCalibration, calibration, true);
    io.writeUint16(Registers.adcConfig, CONTINUOUS, true);
    this.reset();
  }

  sample(): MeterSample {
    return {
      current: signed(this.#read20(Registers.current), 20) * this.#step,
      volts: this.#read20(Registers.busVoltage) * BUS_STEP,
    };
  }

  /** What the chip has added up, gaps between samples included. */
  sums(): Sums {
    return {
      coulombs: signed(this.#read40(Registers.charge), 40) * this.#step,
      joules: this.#read40(Registers.energy) * 16 * 3.2 * this.#step,
    };
  }

  /** Adds up from zero. */
  reset(): void {
    this.#io.writeUint16(Registers.config, this.#config | RESET_SUMS, true);
  }

  close(): void {
    this.#io.close();
  }

  /** 20 bits in the upper part of 24. */
  #read20(register: number): number {
    const bytes = this.#three;
    this.#io.readBuffer(register, bytes);
    return (bytes[0] << 12) | (bytes[1] << 4) | (bytes[2] >> 4);
  }

  #read40(register: number): number {
    const bytes = this.#five;
    this.#io.readBuffer(register, bytes);
    let value = 0;
    for (const byte of bytes) value = value * 256 + byte;
    return value;
  }
}
