/**
 * The sensor whose exchange goes by way of the gateway of its enrolment, or under pseudonyms to the third parties
 * themselves: `--dir FOLDER --gateway|--pseudonyms`.
 */

import { gatewayWay } from "../../firmware/gateway.js";
import { alone } from "../../firmware/pseudonyms.js";
import { start } from "../../firmware/start.js";
import { exchangeOnly, runSensor } from "./sensor.js";

const ways = { "--gateway": gatewayWay({ delayed: false }), "--pseudonyms": alone };

runSensor((rest) => {
  const way = rest.length === 1 ? ways[rest[0] as keyof typeof ways] : undefined;
  return way && { ...exchangeOnly, begin: (device, enrol, onEvent) => start(device, enrol, onEvent, way) };
}, "--dir FOLDER --gateway|--pseudonyms");
