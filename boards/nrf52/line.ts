/**
 * The board's UART as its link, where the image was made with `link=slipmux`: CoAP and the trace in slipmux frames.
 */

import Serial from "embedded:io/serial";
import config from "mc/config";
import { type SerialClass, SlipmuxLine } from "../../firmware/link/slipmux.js";

/** Undefined where the link is Bluetooth. Throws when the UART can't be had. */
export function openLine(): SlipmuxLine | undefined {
  if (config.link !== "slipmux") return undefined;
  // The SDK's declarations forget which pins are enough, and what a buffer may be.
  const io = Serial as unknown as SerialClass;
  return new SlipmuxLine({ io, transmit: Number(config.uart_tx), receive: Number(config.uart_rx) });
}
