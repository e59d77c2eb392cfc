/**
 * A board that measures another one: an INA228 or INA226 in its supply, its marking pins on three inputs. Prints
 * time,current,voltage,D0,D1,D2 as CSV, which `symbolon energy report` reads. Nobody has run it on hardware.
 */

import Digital from "embedded:io/digital";
import Serial from "embedded:io/serial";
import SMBus from "embedded:io/smbus";
import Time from "time";
import Timer from "timer";
import { csvHeading, csvRow } from "../../firmware/meter/csv.js";
import { INA226 } from "../../firmware/meter/ina226.js";
import { INA228 } from "../../firmware/meter/ina228.js";
import type { SMBusClass } from "../../firmware/meter/smbus.js";
import { wiring } from "./wiring.js";

/** What is used of the SDK's serial port; its declaration asks for more than it needs. */
type SerialClass = new (options: {
  readonly transmit: number;
  readonly baud: number;
  readonly format: "buffer";
  onWritable(free: number): void;
}) => { write(bytes: ArrayBuffer): void };
type DigitalClass = {
  readonly InputPullDown: number;
  new (options: { readonly pin: number; readonly mode: number }): { read(): number };
};

const { chip, shunt, maximum, i2c, marks, interval } = wiring;
const Input = Digital as unknown as DigitalClass;
const Meter = (chip as string) === "INA226" ? INA226 : INA228;
const meter = new Meter({ sensor: { io: SMBus as unknown as SMBusClass, ...i2c } });
meter.configure({ shunt, maximum });
const pins = marks.map((pin) => new Input({ pin, mode: Input.InputPullDown }));

/** Bytes that the port takes now. What does not fit is left out: the reader of the lines sees the gap. */
let free = 0;
let headed = false;
const serial = new (Serial as unknown as SerialClass)({
  ...wiring.serial,
  format: "buffer",
  onWritable: (bytes) => {
    free = bytes;
  },
});

function print(line: string): void {
  if (line.length > free) return;
  free -= line.length;
  serial.write(ArrayBuffer.fromString(line));
  headed = true;
}

let last = Time.ticks;
let elapsed = 0;
Timer.repeat(() => {
  const now = Time.ticks;
  elapsed += Time.delta(last, now);
  last = now;
  if (!headed) {
    print(csvHeading(pins.length));
    return;
  }
  let levels = 0;
  for (let i = 0; i < pins.length; i++) levels |= pins[i].read() << i;
  print(csvRow(elapsed / 1000, meter.sample(), levels, pins.length));
}, interval);
