/**
 * Wi-Fi for a wake-up on an ESP32: joined with the pauses of firmware/link/wifi.ts, its radio asleep between beacons,
 * the date asked for where it is missing. A network that is away costs ever fewer wake-ups (firmware/duty.ts).
 */

import WiFi from "embedded:network/interface/wifi";
import config from "mc/config";
import SNTP from "sntp";
import Time from "time";
import type { Device } from "../../firmware/device.js";
import { beforeExchange, noTrouble, readDuty, writeDuty } from "../../firmware/duty.js";
import { joinWifi, type WifiClass, type WifiNetwork } from "../../firmware/link/wifi.js";
import { saveWifiPower } from "../../firmware/native/sleep/sleep.js";
import { readUint, uint } from "../../protocol/bytes.js";

/** Names in storage: wake-ups without a network, its channel, when the date was last told. */
const TROUBLE = "wifi";
const CHANNEL = "channel.wifi";
const TOLD = "date.told";
/** Seconds: a chip that was without power counts from 1970. */
const NO_DATE = 1_700_000_000;
const DAY = 86_400;

/** Joins the network that mcconfig was told of (ssid=… password=…), or says why there is none in this wake-up. */
export function joinNetwork(
  { clock, storage }: Device,
  onUp: () => void,
  onAway: (reason: string) => void,
): void {
  const network = networkOf(config);
  if (network === undefined) {
    onAway("Wi-Fi: the image names no network (ssid=… password=…)");
    return;
  }
  const trouble = readDuty(storage, TROUBLE);
  if (trouble.rest > 0) {
    writeDuty(storage, { ...trouble, rest: trouble.rest - 1 }, TROUBLE);
    onAway("Wi-Fi: the network was away, it is not looked for now");
    return;
  }
  const [last] = storage.read(CHANNEL) ?? [];
  joinWifi({
    // The SDK's declarations forget the channel.
    ...{ io: WiFi as unknown as WifiClass, clock, network },
    ...(last !== undefined && { channel: last }),
    onUp(channel) {
      if (trouble.failed > 0) writeDuty(storage, noTrouble, TROUBLE);
      if (channel !== undefined && channel !== last) storage.write(CHANNEL, Uint8Array.of(channel));
      saveWifiPower();
      onUp();
    },
    onFailed() {
      writeDuty(storage, beforeExchange(trouble), TROUBLE);
      onAway("Wi-Fi: the network is away");
    },
  });
}

/** Seconds since 1970, for a reading's own time stamp: the chip's clock runs on while it sleeps. */
export function date(): number | undefined {
  const now = Math.floor(Date.now() / 1000);
  return now > NO_DATE ? now : undefined;
}

/** Asks for the date (config `sntp`) where there is none, and once a day. An answer that comes too late is lost. */
export function askForDate({ storage, trace }: Device): void {
  if (typeof config.sntp !== "string" || config.sntp === "") return;
  const told = storage.read(TOLD);
  const now = date();
  if (now !== undefined && told !== undefined && now - readUint(told, 0, 4) < DAY) return;
  new SNTP({ host: config.sntp }, (message, value) => {
    if (message === SNTP.error) trace(`SNTP: ${value}`);
    if (message !== SNTP.time || typeof value !== "number" || value <= NO_DATE) return;
    Time.set(value);
    storage.write(TOLD, uint(value, 4));
  });
}

function networkOf({ ssid, password }: typeof config): WifiNetwork | undefined {
  if (typeof ssid !== "string" || ssid === "") return undefined;
  return typeof password === "string" && password !== ""
    ? { SSID: ssid, password, secure: true }
    : { SSID: ssid };
}
