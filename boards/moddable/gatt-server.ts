/**
 * The GATT server of boards with Moddable's SDK and Bluetooth, with the service of services/coap.json. What the stack
 * has no buffer for is lost, as the link expects; it sends again.
 */

import BLEServer from "bleserver";
import { uuid } from "btutils";
import type { Characteristic } from "gatt";
import type { GattServer, GattServerOptions } from "../../firmware/link/gatt.js";

/** The ATT MTU until another is agreed on, and what of it is no value (Bluetooth Core, Vol 3 Part F §3.4.7.1). */
const DEFAULT_MTU = 23;
const ATT_HEADER = 3;
/** Advertising data: the board can be found, and has no classic Bluetooth. */
const FLAGS = 6;

export class BleGattServer implements GattServer {
  readonly #server: Server;

  constructor(options: GattServerOptions) {
    this.#server = new Server();
    this.#server.options = options;
  }

  notify(value: Uint8Array): void {
    const { upstream } = this.#server;
    // A copy of its own buffer: the SDK sends all of it.
    if (upstream !== undefined) this.#server.notifyValue(upstream, value.slice());
  }

  disconnect(): void {
    this.#server.disconnect();
  }

  close(): void {
    this.#server.close();
  }
}

/** What the SDK calls; the first time when the constructors are done. */
class Server extends BLEServer {
  options!: GattServerOptions;
  /** While a central wants to hear notifications. */
  upstream: Characteristic | undefined;
  #longest = DEFAULT_MTU - ATT_HEADER;

  override onReady(): void {
    this.#advertise();
  }

  override onConnected(): void {
    this.#longest = DEFAULT_MTU - ATT_HEADER;
    this.stopAdvertising();
  }

  onMTUExchanged(mtu: number): void {
    this.#longest = mtu - ATT_HEADER;
    this.options.onLongest(this.#longest);
  }

  override onCharacteristicNotifyEnabled(characteristic: Characteristic): void {
    this.upstream = characteristic;
    this.options.onConnected(this.#longest);
  }

  override onCharacteristicWritten(_: Characteristic, value: Uint8Array): void {
    this.options.onWritten(value);
  }

  override onDisconnected(): void {
    if (this.upstream !== undefined) {
      this.upstream = undefined;
      this.options.onDisconnected();
    }
    this.#advertise();
  }

  #advertise(): void {
    const completeUUID128List = [uuid`8DF804B7-3300-496D-9DFA-F8FB40A236BC`];
    this.startAdvertising({ advertisingData: { flags: FLAGS, completeUUID128List } });
  }
}
