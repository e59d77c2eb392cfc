/** The sensor whose exchange goes by way of the gateway of its enrolment: `--dir FOLDER --gateway`. */

import { gatewayWay } from "../../firmware/gateway.js";
import { start } from "../../firmware/start.js";
import { exchangeOnly, runSensor } from "./sensor.js";

runSensor(
  (rest) =>
    rest.length === 1 && rest[0] === "--gateway"
      ? {
          ...exchangeOnly,
          begin: (device, enrol, onEvent) => start(device, enrol, onEvent, gatewayWay({ delayed: false })),
        }
      : undefined,
  "--dir FOLDER --gateway",
);
