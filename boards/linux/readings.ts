/**
 * The sensor with readings to send, as a Linux process: `--dir FOLDER --readings N [--resume] [--gateway|--pseudonyms]`.
 * With --gateway everything goes by way of the gateway of the enrolment, with --pseudonyms shares go in parts of a bundle.
 */

import { gatewayWay } from "../../firmware/gateway.js";
import { alone } from "../../firmware/pseudonyms.js";
import { readingsUsage, readReadings } from "./readings-program.js";
import { runSensor } from "./sensor.js";

const ways = { "--gateway": gatewayWay({ delayed: false }), "--pseudonyms": alone };

runSensor((rest) => {
  const way = ways[rest[rest.length - 1] as keyof typeof ways];
  return way === undefined ? readReadings(rest) : readReadings(rest.slice(0, -1), way);
}, `${readingsUsage} [--gateway|--pseudonyms]`);
