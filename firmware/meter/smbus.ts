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

/** Where both chips stand unless their pins say otherwise, and how fast they are asked. */
const ADDRESS = 0x40;
const HZ = 400_000;

/** What a chip says of itself, and where. */
export interface ChipIdentity {
  readonly name: string;
  /** Registers. */
  readonly manufacturer: number;
  readonly device: number;
  /** The device's number, without its revision. */
  readonly number: number;
}

/** Opens the bus to a chip. Throws an Error when it is another one that answers. */
export function openChip(
  { sensor }: MeterOptions,
  { name, manufacturer, device, number }: ChipIdentity,
): SMBus {
  const { io: Bus, ...options } = sensor;
  const bus = new Bus({ address: ADDRESS, hz: HZ, ...options });
  const maker = bus.readUint16(manufacturer, true);
  const chip = bus.readUint16(device, true);
  // The lowest four bits are the revision.
  if (maker !== MANUFACTURER || chip >> 4 !== number) {
    throw new Error(
      `${name}: another chip answers: manufacturer ${maker.toString(16)}, device ${chip.toString(16)}`,
    );
  }
  return bus;
}

/** A two's complement of so many bits. */
export function signed(value: number, bits: number): number {
  return value >= 2 ** (bits - 1) ? value - 2 ** bits : value;
}
