/** A real Bluetooth adapter as a central, through the optional package @stoprocent/noble. */

import { DOWNSTREAM_UUID, SERVICE_UUID, UPSTREAM_UUID } from "../../protocol/gatt/service.js";
import { MAX_PERIPHERALS, type OpenCentral, type PeripheralHandlers } from "./central.js";

export const BLE_PACKAGE = "@stoprocent/noble";

/** What is used of noble; the package is not there when this is compiled. */
export interface Noble {
  waitForPoweredOnAsync(timeout?: number): Promise<void>;
  startScanningAsync(services: string[], allowDuplicates: boolean): Promise<void>;
  stopScanningAsync(): Promise<void>;
  on(event: "discover", listener: (peripheral: NoblePeripheral) => void): unknown;
  removeListener(event: "discover", listener: (peripheral: NoblePeripheral) => void): unknown;
}
export interface NoblePeripheral {
  readonly id: string;
  readonly mtu: number | null;
  connectAsync(): Promise<void>;
  disconnectAsync(): Promise<void>;
  discoverSomeServicesAndCharacteristicsAsync(
    services: string[],
    characteristics: string[],
  ): Promise<{ characteristics: NobleCharacteristic[] }>;
  once(event: "disconnect", listener: () => void): unknown;
}
export interface NobleCharacteristic {
  readonly uuid: string;
  subscribeAsync(): Promise<void>;
  writeAsync(data: Buffer, withoutResponse: boolean): Promise<void>;
  on(event: "data", listener: (data: Buffer) => void): unknown;
}

export interface BleOptions {
  /** Loads the package. */
  load(): Promise<Noble>;
  /** Hears of a board that could not be connected to. */
  onError(error: Error, where: string): void;
}

const POWER_ON_MS = 10_000;
/** The ATT MTU until another is agreed on, and what of it is no value. */
const DEFAULT_MTU = 23;
const ATT_HEADER = 3;

/** noble, or an Error that says how it is installed. */
export async function loadNoble(): Promise<Noble> {
  try {
    // Not a literal: the compiler would look for it.
    const name: string = BLE_PACKAGE;
    const { default: noble } = (await import(name)) as { default: Noble };
    return noble;
  } catch (cause) {
    const { message, code } = cause as NodeJS.ErrnoException;
    const missing = code === "ERR_MODULE_NOT_FOUND";
    throw new Error(
      `--ble: ${missing ? `the package ${BLE_PACKAGE} is not installed: npm install ${BLE_PACKAGE}` : message}`,
      { cause },
    );
  }
}

/** The central of the first adapter. */
export function bleCentral({ load, onError }: BleOptions): OpenCentral {
  return async (connected) => {
    const noble = await load();
    await noble.waitForPoweredOnAsync(POWER_ON_MS).catch((cause: Error) => {
      throw new Error(`--ble: there is no Bluetooth adapter that is on: ${cause.message}`, { cause });
    });
    const busy = new Set<string>();
    const scan = (): Promise<void> => noble.startScanningAsync([compact(SERVICE_UUID)], true);
    const discovered = (peripheral: NoblePeripheral): void => {
      if (busy.has(peripheral.id) || busy.size >= MAX_PERIPHERALS) return;
      busy.add(peripheral.id);
      const failed = (error: Error): void => onError(error, `board ${peripheral.id}`);
      // Many adapters can't connect while they scan.
      void noble
        .stopScanningAsync()
        .then(() => attach(peripheral, connected, failed, () => busy.delete(peripheral.id)))
        .catch((error: Error) => {
          busy.delete(peripheral.id);
          failed(error);
        })
        .then(scan)
        .catch(failed);
    };
    noble.on("discover", discovered);
    await scan();
    return {
      at: "bluetooth",
      close() {
        noble.removeListener("discover", discovered);
        void noble.stopScanningAsync().catch((error: Error) => onError(error, "scan"));
      },
    };
  };
}

async function attach(
  peripheral: NoblePeripheral,
  connected: Parameters<OpenCentral>[0],
  failed: (error: Error) => void,
  gone: () => void,
): Promise<void> {
  let handlers: PeripheralHandlers | undefined;
  await peripheral.connectAsync();
  peripheral.once("disconnect", () => {
    gone();
    handlers?.onDisconnected("the connection ended");
  });
  try {
    const wanted = [DOWNSTREAM_UUID, UPSTREAM_UUID].map(compact);
    const { characteristics } = await peripheral.discoverSomeServicesAndCharacteristicsAsync(
      [compact(SERVICE_UUID)],
      wanted,
    );
    const [downstream, upstream] = wanted.map((uuid) => characteristics.find((it) => it.uuid === uuid));
    if (downstream === undefined || upstream === undefined) {
      throw new Error("it has not both characteristics of CoAP over GATT");
    }
    upstream.on("data", (data) => handlers?.onValue(Uint8Array.from(data)));
    handlers = connected({
      name: peripheral.id,
      longest: (peripheral.mtu ?? DEFAULT_MTU) - ATT_HEADER,
      write: (value) => void downstream.writeAsync(Buffer.from(value), false).catch(failed),
      disconnect: () => void peripheral.disconnectAsync().catch(failed),
    });
    await upstream.subscribeAsync();
  } catch (error) {
    await peripheral.disconnectAsync();
    throw error;
  }
}

/** As noble writes UUIDs. */
function compact(uuid: string): string {
  return uuid.replaceAll("-", "");
}
