/** The registers of a meter's chip on I²C, as ECMA-419 §10.5 has them: the class is handed in as `sensor.io`. */

export interface SMBus {
  readUint16(register: number, bigEndian: boolean): number;
  writeUint16(register: number, value: number, bigEndian: boolean): void;
  /** Fills the buffer. */
  readBuffer(register: number, buffer: Uint8Array): void;
  close(): void;
}

export interface SMBusOptions {
  readonly address: number;
  readonly hz: number;
  /** Pins, where they are not the board's own. */
  readonly data?: number;
  readonly clock?: number;
}

export type SMBusClass = new (options: SMBusOptions) => SMBus;

/** What a driver is made with. */
export interface MeterOptions {
  readonly sensor: Partial<SMBusOptions> & { readonly io: SMBusClass };
}

/** How a chip is wired. */
export interface MeterConfiguration {
  /** Ohms of the shunt. */
  readonly shunt: number;
  /** Amperes that must not be exceeded: smaller ones give finer steps. */
  readonly maximum: number;
}

/** What flows. */
export interface MeterSample {
  /** Amperes, with their sign. */
  readonly current: number;
  readonly volts: number;
}

/** The current meter of a board that measures another one. */
export interface CurrentMeter {
  configure(configuration: MeterConfiguration): void;
  sample(): MeterSample;
  close(): void;
}

/** Of all chips of this maker. */
const MANUFACTURER = 0x5449;

/** Throws an Error when it is another chip that answers. */
export function checkChip(
  io: SMBus,
  name: string,
  manufacturer: number,
  device: number,
  expected: number,
): void {
  const maker = io.readUint16(manufacturer, true);
  const chip = io.readUint16(device, true);
  // The lowest four bits are the revision.
  if (maker !== MANUFACTURER || chip >> 4 !== expected) {
    throw new Error(
      `${name}: another chip answers: manufacturer ${maker.toString(16)}, device ${chip.toString(16)}`,
    );
  }
}

/** A two's complement of so many bits. */
export function signed(value: number, bits: number): number {
  return value >= 2 ** (bits - 1) ? value - 2 ** bits : value;
}
