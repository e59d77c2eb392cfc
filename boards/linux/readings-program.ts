/**
 * What a sensor with readings to send does: `--dir FOLDER --readings N [--resume]`. After the exchange N simulated vital
 * signs go to the Responder, the first of them already while the exchange goes on. With --resume the keys of the last
 * confirmed exchange are used where there are any.
 *
 * Tells besides, on standard output: `{"event":"reading","t":T,"number":I,"records":[{"n","u","v"}…]}` for each
 * reading that is posted, `{"event":"resumed","t":T}`, and at the end `{"event":"readings","sent":N,"acknowledged":M}`.
 */

import type { SensorChannel } from "../../firmware/channel.js";
import { direct, type Way } from "../../firmware/main.js";
import { encodeReading } from "../../firmware/readings.js";
import { startChannel } from "../../firmware/start-channel.js";
import { exit, print } from "./modules/process.js";
import type { Program } from "./sensor.js";
import { record, vitalSigns } from "./vital-signs.js";

export const readingsUsage = "--dir FOLDER --readings N [--resume]";

/** The program of the arguments behind the folder; undefined for wrong use. `way` is how the sensor reaches the others. */
export function readReadings(
  [option, count, ...rest]: readonly string[],
  way: Way = direct,
): Program | undefined {
  const resume = rest[0] === "--resume";
  if (option !== "--readings" || !(Number(count) > 0) || rest.length > (resume ? 1 : 0)) return undefined;
  const readings = new Readings(Number(count));
  return {
    begin(device, enrol, onEvent) {
      const tell = (event: Parameters<Parameters<typeof startChannel>[2]["onEvent"]>[0]) => {
        if (event.event === "resumed") print(JSON.stringify(event));
        else onEvent(event);
      };
      startChannel(device, enrol, {
        ...{ resume, way, onEvent: tell },
        onChannel: (channel) => readings.begin(channel),
      });
    },
    ended: (agreed) => readings.exchangeEnded(agreed),
  };
}

/** N readings, each sent when the one before it is settled. */
class Readings {
  #channel: SensorChannel | undefined;
  #posted = 0;
  #acknowledged = 0;
  #agreed = true;

  constructor(private readonly count: number) {}

  begin(channel: SensorChannel): void {
    this.#channel = channel;
    this.#post(channel);
  }

  exchangeEnded(agreed: boolean): void {
    this.#agreed = agreed;
    // It was refused at the start.
    if (this.#channel === undefined) exit(1);
  }

  #post(channel: SensorChannel): void {
    const measurements = vitalSigns(this.#posted++);
    const number = channel.post(encodeReading(measurements), (acknowledged) => {
      if (acknowledged) this.#acknowledged++;
      if (this.#posted < this.count) this.#post(channel);
      else this.#end(channel);
    });
    print(JSON.stringify({ event: "reading", t: channel.t, number, records: measurements.map(record) }));
  }

  #end(channel: SensorChannel): void {
    channel.close();
    print(JSON.stringify({ event: "readings", sent: this.#posted, acknowledged: this.#acknowledged }));
    exit(this.#agreed ? 0 : 1);
  }
}
