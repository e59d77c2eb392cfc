/** `symbolon border-router`: carries CoAP between boards without IP and UDP. It needs no folder, for it holds no key. */

import { type Command, InvalidArgumentError, Option } from "commander";
import pino from "pino";
import { BLE_PACKAGE, bleCentral, loadNoble } from "../border-router/ble.js";
import { emulatedCentral, type OpenCentral } from "../border-router/central.js";
import type { RouterEvent } from "../border-router/events.js";
import { startRouter } from "../border-router/router.js";
import { type Address, formatAddress } from "../coap/address.js";
import { wholeNumber } from "./arguments.js";
import { listenAddress } from "./serve.js";

const DEFAULT_LISTEN: Address = { host: "0.0.0.0", port: 0 };

interface Given {
  serial: string[];
  ble?: true;
  gatt?: string;
  baud: number;
  listen: Address;
  rate: number;
  pcap?: string;
}

export function addBorderRouterCommand(program: Command): void {
  program
    .command("border-router")
    .description("carry CoAP between boards without IP and UDP; it holds no key")
    .addOption(
      new Option("--serial <device>", "a board's line, such as /dev/ttyACM0, or udp:HOST:PORT of an emulator")
        .argParser(another)
        .default([], "none"),
    )
    .option(
      "--ble",
      `all boards that this machine's Bluetooth adapter finds; needs the package ${BLE_PACKAGE}`,
    )
    .addOption(new Option("--gatt <udp:host:port>", "boards whose Bluetooth is emulated").argParser(emulated))
    .addOption(
      new Option("--baud <bits>", "speed of all serial lines")
        .argParser(wholeNumber(300, 4_000_000))
        .default(115_200),
    )
    .addOption(
      new Option("--listen <host:port>", "the UDP address that its requests come from")
        .argParser(listenAddress)
        .default(DEFAULT_LISTEN, formatAddress(DEFAULT_LISTEN)),
    )
    .addOption(
      new Option("--rate <n>", "requests a second that each board may send in the long run")
        .argParser(wholeNumber(1, 10_000))
        .default(10),
    )
    .option("--pcap <file>", "write every datagram of the UDP side as a capture")
    .action(async ({ serial, ble, gatt, baud, listen, rate, pcap }: Given, command: Command) => {
      const centrals = new Map<string, OpenCentral>();
      const onEvent = eventLog();
      const onError = (error: Error, where: string) =>
        onEvent({ event: "fault", where, reason: error.message });
      if (ble) centrals.set("ble", bleCentral({ load: loadNoble, onError }));
      if (gatt !== undefined) centrals.set(gatt, emulatedCentral(gatt));
      if (serial.length + centrals.size === 0) {
        command.error("error: no board is named: give --serial or --ble", { exitCode: 2 });
      }
      const ended = new Promise<void>((resolve) => {
        for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
      });
      const router = await startRouter({
        ...{ serial, centrals, baud, listen, rate, onEvent },
        ...(pcap !== undefined && { pcap }),
      });
      await ended;
      router.close();
    });
}

function another(device: string, previous: readonly string[] = []): string[] {
  if (previous.includes(device)) throw new InvalidArgumentError(`${device} is named twice.`);
  return [...previous, device];
}

function emulated(place: string): string {
  try {
    emulatedCentral(place);
    return place;
  } catch (error) {
    throw new InvalidArgumentError(`${(error as Error).message}.`);
  }
}

/** To standard output, one JSON object a line. */
function eventLog(): (event: RouterEvent) => void {
  const log = pino({ base: null }, pino.destination({ dest: 1, sync: true }));
  return (event) => {
    const level = event.event === "fault" ? "error" : event.event === "dropped" ? "warn" : "info";
    log[level](event);
  };
}
