/** The drivers of INA228 and INA226, against registers reckoned by the formulas of their data sheets. */

import { csvHeading, csvRow } from "../../../firmware/meter/csv.js";
import { INA226 } from "../../../firmware/meter/ina226.js";
import { INA228 } from "../../../firmware/meter/ina228.js";
import type { SMBus, SMBusOptions } from "../../../firmware/meter/smbus.js";
import { deepEqual, equal, ok, throws } from "../../support/assert.js";

/** A chip's registers. */
function chip(values: Record<number, number>, lengths: Record<number, number> = {}) {
  const written: [number, number][] = [];
  const state = { options: undefined as SMBusOptions | undefined, closed: false, written };
  class Registers implements SMBus {
    constructor(options: SMBusOptions) {
      state.options = options;
    }
    readUint16(register: number, bigEndian: boolean): number {
      ok(bigEndian, "big-endian");
      return values[register];
    }
    writeUint16(register: number, value: number, bigEndian: boolean): void {
      ok(bigEndian, "big-endian");
      written.push([register, value]);
    }
    readBuffer(register: number, buffer: Uint8Array): void {
      equal(buffer.length, lengths[register]);
      let value = values[register];
      for (let i = buffer.length - 1; i >= 0; i--) {
        buffer[i] = value % 256;
        value = Math.floor(value / 256);
      }
    }
    close(): void {
      state.closed = true;
    }
  }
  return { state, io: Registers };
}

const near = (actual: number, expected: number, part: number): void =>
  ok(Math.abs(actual - expected) <= Math.abs(expected) * part, `${actual}, expected ${expected}`);

describe("INA228", () => {
  // By the scales of SLYS021A §8.1.2: 16.2 mΩ, 10 A at most; 6 A at 48 V for an hour.
  const values = {
    62: 0x5449,
    63: 0x2281,
    5: 0x3c000 << 4,
    7: 314_572 << 4,
    9: 1_061_683_200,
    10: 1_132_462_080,
  };
  const lengths = { 5: 3, 7: 3, 9: 5, 10: 5 };

  it("is calibrated and read by the data sheet's formulas", () => {
    const { state, io } = chip(values, lengths);
    const meter = new INA228({ sensor: { io, data: 26, clock: 27 } });
    deepEqual(state.options, { address: 0x40, hz: 400_000, data: 26, clock: 27 });
    // 162 mV: the large range.
    meter.configure({ shunt: 0.0162, maximum: 10 });
    deepEqual(
      state.written.map(([register]) => register),
      [0x02, 0x01, 0x00],
    );
    equal(state.written[0][1], 4050);
    equal(state.written[2][1], 1 << 14);
    const { current, volts } = meter.sample();
    near(current, 6, 1e-5);
    near(volts, 48, 1e-9);
    const { coulombs, joules } = meter.sums();
    near(coulombs, 21_600, 1e-5);
    near(joules, 1_036_800, 1e-5);
    meter.close();
    ok(state.closed);
  });

  it("takes the small range where it is enough, and knows negative currents", () => {
    const { state, io } = chip({ ...values, 7: (2 ** 20 - 1000) * 16, 10: 2 ** 40 - 5 }, lengths);
    const meter = new INA228({ sensor: { io } });
    meter.configure({ shunt: 0.4, maximum: 0.1 });
    equal(state.written[0][1], 4000);
    equal(state.written[2][1], (1 << 14) | (1 << 4));
    near(meter.sample().current, (-1000 * 0.1) / 2 ** 19, 1e-12);
    near(meter.sums().coulombs, (-5 * 0.1) / 2 ** 19, 1e-12);
  });

  it("refuses another chip, and a shunt that is too large", () => {
    throws(
      () => new INA228({ sensor: { io: chip({ 62: 0x5449, 63: 0x2260 }).io } }),
      /INA228: another chip answers/,
    );
    const meter = new INA228({ sensor: { io: chip(values, lengths).io } });
    throws(() => meter.configure({ shunt: 1, maximum: 1 }), /shunt: expected at most 0\.16384 V/);
  });
});

describe("INA226", () => {
  // By the scales of SBOS547B §6.5.2.1: 2 mΩ and 1 mA a step; 10 A at 11.98 V.
  const values = { 254: 0x5449, 255: 0x2260, 2: 0x2570, 4: 0x2710 };

  it("is calibrated and read by the data sheet's formulas", () => {
    const { state, io } = chip(values);
    const meter = new INA226({ sensor: { io, address: 0x41 } });
    equal(state.options?.address, 0x41);
    meter.configure({ shunt: 0.002, maximum: 32.768 });
    deepEqual(state.written, [
      [0x05, 2560],
      [0x00, 0x4097],
    ]);
    const { current, volts } = meter.sample();
    near(current, 10, 1e-12);
    near(volts, 11.98, 1e-12);
  });

  it("refuses what it can't measure", () => {
    const meter = new INA226({ sensor: { io: chip(values).io } });
    throws(() => meter.configure({ shunt: 1, maximum: 1 }), /shunt: expected at most 0\.08192 V/);
    throws(() => meter.configure({ shunt: 0.001, maximum: 1 }), /too little for this chip/);
    throws(() => new INA226({ sensor: { io: chip({ ...values, 255: 0x2281 }).io } }), /another chip/);
  });
});

describe("a measuring board's lines", () => {
  it("are CSV with the levels of its inputs", () => {
    equal(csvHeading(3), "time,current,voltage,D0,D1,D2\n");
    equal(csvRow(1.25, { current: 8.1e-3, volts: 3 }, 5, 3), "1.250000,0.008100000,3.0000,1,0,1\n");
    equal(csvHeading(0), "time,current,voltage\n");
  });
});
