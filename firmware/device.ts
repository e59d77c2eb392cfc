/**
 * What the firmware asks of a board. boards/ builds one Device and hands it to main.ts; nothing else in
 * firmware/ reaches the platform.
 */

import type { Option } from "../protocol/coap/options.js";
import type { TransmissionParameters } from "../protocol/coap/transmission.js";
import type { SensorSteps } from "../protocol/exchange/steps.js";
import type { Mark } from "../protocol/marks.js";
import type { Primitives, RandomSource } from "../protocol/primitives.js";

export interface Device {
  readonly primitives: Primitives;
  readonly steps: SensorSteps;
  readonly random: RandomSource;
  readonly clock: Clock;
  readonly storage: Storage;
  /** Opens the board's datagram link; `onDatagram` hears what arrives on it. */
  openLink(onDatagram: (peer: string, datagram: Uint8Array) => void): Link;
  /** One line for people, never with a secret in it. */
  trace(line: string): void;
  /** Tells each phase to a power meter; absent unless the board has pins for it (marked.ts). */
  readonly mark?: Mark;
}

/** Time that only runs forward; it need not know the date. */
export interface Clock {
  /** Milliseconds since an arbitrary start. */
  now(): number;
  /** Calls back once after at least `milliseconds`. */
  set(callback: () => void, milliseconds: number): TimerId;
  /** Ends a timer; one that has fired already is ignored. */
  clear(timer: TimerId): void;
}
export type TimerId = unknown;

/** Small named values that survive a reset. */
export interface Storage {
  /** The value last written, in an array of its own, or undefined when there is none. */
  read(name: string): Uint8Array | undefined;
  /** When this returns, the value is durable; a reset in between leaves the old one whole. Throws when it can't. */
  write(name: string, value: Uint8Array): void;
  /**
   * Makes values that were replaced unreadable, where the medium keeps them. A reset meanwhile leaves the last values
   * whole. Throws when it can't.
   */
  wipeOld?(): void;
}

/** How datagrams leave the board. A peer is named in the link's own way: "192.0.2.1:5683" on UDP. */
export interface Link {
  /** How CoAP repeats messages on this link, where RFC 7252's defaults do not fit. */
  readonly transmission?: Partial<TransmissionParameters>;
  /** Who is at the other end of a link that leads to one peer only. */
  readonly neighbour?: string;
  /** How requests reach an address of the enrolment. A link without this has addresses for peers. */
  route?(address: string): Route;
  send(peer: string, datagram: Uint8Array): void;
  close(): void;
}

/** A way to a server: itself, or a proxy that options tell where it is. */
export interface Route {
  readonly peer: string;
  /** For each request, in ascending order of number. */
  readonly options: readonly Option[];
}
