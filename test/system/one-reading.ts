/** A sensor that takes up its keys and sends one reading, of a value that boards/linux/readings.ts never sends. */

import { exit } from "../../boards/linux/modules/process.js";
import { runSensor } from "../../boards/linux/sensor.js";
import { encodeReading } from "../../firmware/readings.js";
import { startChannel } from "../../firmware/start-channel.js";

const reading = encodeReading([{ name: "heart-rate", unit: "beat/min", value: 200, decimals: 0 }]);

runSensor(() => ({
  begin(device, enrol) {
    startChannel(device, enrol, {
      resume: true,
      onEvent: () => {},
      onChannel: (channel) => channel.post(reading, () => exit(0)),
    });
  },
  ended: () => exit(1),
}));
