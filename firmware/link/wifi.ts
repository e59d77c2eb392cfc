/**
 * Wi-Fi for one wake-up. The network interface's class is handed in as `io`, in the way of ECMA-419 (ECMA-419 §17,
 * "Network interface"). Each attempt may take a while, then rests twice as long as the one before; after the last one
 * the board goes back to sleep.
 */

import type { Clock, TimerId } from "../device.js";

/** What is used of an ECMA-419 Wi-Fi interface. */
export interface WifiInterface {
  /** 500 and more: there is an IP address. */
  readonly connection: number;
  readonly channel: number | undefined;
  connect(options: WifiNetwork & { readonly channel?: number }): void;
  disconnect(): void;
  close(): void;
}

export type WifiClass = new (options: { onChanged(): void }) => WifiInterface;

export interface WifiNetwork {
  readonly SSID: string;
  readonly password?: string;
  readonly secure?: boolean;
}

export interface WifiOptions {
  readonly io: WifiClass;
  readonly clock: Clock;
  readonly network: WifiNetwork;
  /** Where the network was last: the first attempt looks there only. */
  readonly channel?: number;
  /** There is an IP address; on this channel. */
  onUp(channel: number | undefined): void;
  /** The last attempt has failed. The radio is left as it is. */
  onFailed(): void;
}

const ATTEMPTS = 4;
/** Milliseconds of an attempt, with DHCP. */
const PATIENCE = 8_000;
/** Milliseconds of rest after the first attempt. */
const REST = 500;
const CONNECTED = 500;

/** Joins the network; one of `onUp` and `onFailed` is called, once. Throws what the interface's constructor throws. */
export function joinWifi({ io, clock, network, channel, onUp, onFailed }: WifiOptions): void {
  let attempt = 0;
  let timer: TimerId | undefined;
  let trying = false;
  let over = false;

  const wait = (callback: () => void, milliseconds: number): void => {
    if (timer !== undefined) clock.clear(timer);
    timer = clock.set(callback, milliseconds);
  };
  const end = (): void => {
    over = true;
    if (timer !== undefined) clock.clear(timer);
  };
  const look = (): void => {
    if (over || wifi.connection < CONNECTED) return;
    end();
    const { channel } = wifi;
    wifi.close();
    onUp(channel);
  };
  const fail = (): void => {
    if (over || !trying) return;
    trying = false;
    if (attempt === ATTEMPTS) {
      end();
      wifi.close();
      onFailed();
      return;
    }
    wifi.disconnect();
    wait(begin, REST * 2 ** (attempt - 1));
  };
  const begin = (): void => {
    const there = attempt++ === 0 && channel !== undefined ? { channel } : {};
    trying = true;
    wait(fail, PATIENCE);
    try {
      wifi.connect({ ...network, ...there });
    } catch {
      // The interface says no more than that it could not begin; the next attempt may.
      fail();
    }
  };
  const wifi = new io({ onChanged: look });
  // The radio may have stayed up.
  if (wifi.connection >= CONNECTED) look();
  else begin();
}
