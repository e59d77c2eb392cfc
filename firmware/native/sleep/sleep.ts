/** The chip's deep sleep, in C (esp32/sleep-esp.c). Other boards take the module of their SDK. */
/// <reference path="../native.d.ts" />

/** Sleeps so many milliseconds, then starts the board anew. Does not return. */
export function deepSleep(this: void, milliseconds: number): void {
  native("xs_sleep_esp_deep").call(this, milliseconds);
}

/** Whether this start is the end of a deep sleep, not that of a time without power. */
export function hasSlept(this: void): boolean {
  return native("xs_sleep_esp_has_slept").call(this);
}

/** Lets the radio sleep between two beacons while it listens. Throws when Wi-Fi does not run. */
export function saveWifiPower(this: void): void {
  native("xs_sleep_esp_wifi").call(this);
}
