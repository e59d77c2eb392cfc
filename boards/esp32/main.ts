/** The sensor on an ESP32: Wi-Fi first, since without it there is no entropy, then the application. */

import { readInterval } from "../../firmware/interval.js";
import { deepSleep, hasSlept } from "../../firmware/native/sleep/sleep.js";
import { interval, runApplication } from "../moddable/application.js";
import { readEnrolment } from "../moddable/enrolment.js";
import { createDevice } from "./device.js";
import { askForDate, date, joinNetwork } from "./network.js";

const device = createDevice();
joinNetwork(
  device,
  () => {
    askForDate(device);
    runApplication({
      ...{ device, early: true, enrol: readEnrolment, date },
      hasSlept: hasSlept(),
      sleep: deepSleep,
    });
  },
  (reason) => {
    device.trace(reason);
    deepSleep(readInterval(device.storage, interval()));
  },
);
