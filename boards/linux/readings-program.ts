/**
 * What a sensor with readings to send does: `--dir FOLDER --readings N [--resume] [--rekey-every M]`. After the exchange N
 * simulated vital signs go to the Responder, the first of them already while the exchange goes on. With --resume the keys
 * of the last confirmed exchange are used where there are any. With --rekey-every each M readings have an exchange.
 *
 * Tells besides, on standard output: `{"event":"reading","t":T,"number":I,"records":[{"n","u","v"}…]}` for each
 * reading that is posted, `{"event":"resumed","t":T}`, and at the end `{"event":"readings","sent":N,"acknowledged":M}`.
 */

import type { SensorChannel } from "../../firmware/channel.js";
import type { Enrolment } from "../../firmware/enrolment.js";
import { direct, type Way } from "../../firmware/main.js";
import { encodeReading } from "../../firmware/readings.js";
import { startChannel } from "../../firmware/start-channel.js";
import { exit, print } from "./modules/process.js";
import type { Program } from "./sensor.js";
import { record, vitalSigns } from "./vital-signs.js";

export const readingsUsage = "--dir FOLDER --readings N [--resume] [--rekey-every M]";

interface Options {
  readonly count: number;
  readonly resume: boolean;
  /** Readings of one exchange. */
  readonly rekeyEvery: number;
}

function readOptions([first, count, ...rest]: readonly string[]): Options | undefined {
  if (first !== "--readings") return undefined;
  let options: Options = { count: Number(count), resume: false, rekeyEvery: Number.POSITIVE_INFINITY };
  for (let i = 0; i < rest.length; i++) {
    if (rest[i] === "--resume") options = { ...options, resume: true };
    else if (rest[i] === "--rekey-every") options = { ...options, rekeyEvery: Number(rest[++i]) };
    else return undefined;
  }
  return options.count > 0 && options.rekeyEvery > 0 ? options : undefined;
}

/** The program of the arguments behind the folder; undefined for wrong use. `way` is how the sensor reaches the others. */
export function readReadings(args: readonly string[], way: Way = direct): Program | undefined {
  const options = readOptions(args);
  if (options === undefined) return undefined;
  const { count, resume, rekeyEvery } = options;
  const readings = new Readings(count, rekeyEvery);
  return {
    begin(device, enrol, onEvent) {
      const tell = (event: Parameters<Parameters<typeof startChannel>[2]["onEvent"]>[0]) => {
        if (event.event === "resumed") print(JSON.stringify(event));
        else onEvent(event);
      };
      let enrolment: Enrolment | undefined;
      const begin = (resume: boolean) =>
        startChannel(device, () => (enrolment ??= enrol()), {
          ...{ resume, way, onEvent: tell },
          onChannel: (channel) => readings.begin(channel),
        });
      readings.onRekey = () => begin(false);
      begin(resume);
    },
    ended: (agreed) => readings.exchangeEnded(agreed),
  };
}

/** N readings, each sent when the one before it is settled, so that nothing is under way when the keys change. */
class Readings {
  onRekey: () => void = () => undefined;
  #channel: SensorChannel | undefined;
  #posted = 0;
  #acknowledged = 0;
  #agreed = true;

  constructor(
    private readonly count: number,
    private readonly rekeyEvery: number,
  ) {}

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
      if (this.#posted === this.count) this.#end(channel);
      else if (this.#posted % this.rekeyEvery === 0) this.#rekey(channel);
      else this.#post(channel);
    });
    print(JSON.stringify({ event: "reading", t: channel.t, number, records: measurements.map(record) }));
  }

  #rekey(channel: SensorChannel): void {
    channel.close();
    this.#channel = undefined;
    this.onRekey();
  }

  #end(channel: SensorChannel): void {
    channel.close();
    print(JSON.stringify({ event: "readings", sent: this.#posted, acknowledged: this.#acknowledged }));
    exit(this.#agreed ? 0 : 1);
  }
}
