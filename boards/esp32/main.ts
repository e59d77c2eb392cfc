/**
 * The sensor on an ESP32. Before this runs, the SDK's setup/network has joined the Wi-Fi that mcconfig was told of
 * (ssid=…, password=…); without Wi-Fi there is no entropy, and the board says so. Events are lines of the trace, one
 * JSON object each.
 */

import { start } from "../../firmware/start.js";
import { readEnrolment } from "../moddable/enrolment.js";
import { createDevice } from "./device.js";

const device = createDevice();
start(device, readEnrolment, (event) => device.trace(JSON.stringify(event)));
