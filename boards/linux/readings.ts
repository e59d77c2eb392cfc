/**
 * The sensor with readings to send, as a Linux process: `--dir FOLDER --readings N [--resume] [--gateway]`. With
 * --gateway everything goes by way of the gateway of the enrolment.
 */

import { gatewayWay } from "../../firmware/gateway.js";
import { readingsUsage, readReadings } from "./readings-program.js";
import { runSensor } from "./sensor.js";

runSensor((rest) => {
  const gateway = rest[rest.length - 1] === "--gateway";
  return gateway ? readReadings(rest.slice(0, -1), gatewayWay({ delayed: false })) : readReadings(rest);
}, `${readingsUsage} [--gateway]`);
