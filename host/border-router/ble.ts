/** A real Bluetooth adapter as a central, through the optional package @stoprocent/noble. */

import { readdirSync } from "node:fs";
import { DOWNSTREAM_UUID, SERVICE_UUID, UPSTREAM_UUID } from "../../protocol/gatt/service.js";
import { MAX_PERIPHERALS, type OpenCentral, type PeripheralHandlers } from "./central.js";
import { importOptional } from "./optional-package.js";

export const BLE_PACKAGE = "@stoprocent/noble";

/** What is used of noble; the package need not be there when this is compiled. */
export interface Noble {
  readonly state: string;
  waitForPoweredOnAsync(timeout?: number): Promise<void>;
  startScanningAsync(services: string[], allowDuplicates: boolean): Promise<void>;
  stopScanningAsync(): Promise<void>;
  on(event: "discover", listener: (peripheral: NoblePeripheral) => void): unknown;
  on(event: "stateChange", listener: (state: string) => void): unknown;
  removeListener(event: "discover", listener: (peripheral: NoblePeripheral) => void): unknown;
  removeListener(event: "stateChange", listener: (state: string) => void): unknown;
  /** Lets the adapter go, which would keep the process. */
  stop(): void;
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

/** noble, or an Error that says what there is not. */
export async function loadNoble(): Promise<Noble> {
  const { default: noble } = await importOptional<{ default: Noble }>(BLE_PACKAGE, "--ble");
  // Asked for its state noble would say so in several lines, and wait.
  if (process.platform === "linux" && !hasAdapter())
    throw new Error("--ble: this machine has no Bluetooth adapter");
  return noble;
}

/** Whether Linux knows of an adapter, on or off. */
function hasAdapter(): boolean {
  try {
    return readdirSync("/sys/class/bluetooth").length > 0;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
}

/** The central of the first adapter. */
export function bleCentral({ load, onError }: BleOptions): OpenCentral {
  return async (connected) => {
    const noble = await load();
    await noble.waitForPoweredOnAsync(POWER_ON_MS).catch((cause: Error) => {
      noble.stop();
      throw new Error(`--ble: there is no Bluetooth adapter that is on, it is ${noble.state}`, { cause });
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
    const adapterFailed = (error: Error): void => onError(error, "adapter");
    // It may be unplugged, and come back.
    const changed = (state: string): void => {
      if (state === "poweredOn") void scan().catch(adapterFailed);
      else adapterFailed(new Error(`it is ${state}`));
    };
    noble.on("discover", discovered);
    await scan();
    noble.on("stateChange", changed);
    return {
      at: "bluetooth",
      close() {
        noble.removeListener("discover", discovered);
        noble.removeListener("stateChange", changed);
        void noble
          .stopScanningAsync()
          .catch(adapterFailed)
          .then(() => noble.stop());
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
      get longest() {
        return (peripheral.mtu ?? DEFAULT_MTU) - ATT_HEADER;
      },
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
