/**
 * How large a sensor's datagrams are on IEEE 802.15.4, as one frame each. Nothing of it is measured: it is what the
 * standards say of a datagram of that size under these assumptions.
 *
 * - MAC header (IEEE 802.15.4-2015 §7.2): data frame, short addresses, PAN ID compressed: frame control 2, sequence
 *   number 1, PAN ID 2, destination 2, source 2.
 * - Link security (§9.4): level ENC-MIC-32 and key identifier mode 1: auxiliary security header 6 (control 1, frame counter
 *   4, key index 1), MIC 4. FCS 2.
 * - 6LoWPAN IPHC (RFC 6282 §3.1): 2 bytes, and 1 for context identifiers: source and destination are in contexts that the
 *   border router has announced (RFC 6775 §4.2), the gateway's with all 128 bits; hop limit 64, no traffic class.
 * - UDP NHC (RFC 6282 §4.3): 1 byte, both ports in full 4, checksum 2.
 */

import { decodeMessage } from "../../protocol/coap/message.js";
import type { Observer } from "./network.js";

const MAC_HEADER = 9;
const SECURITY_HEADER = 6;
const MIC = 4;
const FCS = 2;
const IPHC = 3;
const UDP_NHC = 7;

/** aMaxPhyPacketSize: the longest frame (IEEE 802.15.4-2015 §11.3). */
export const LONGEST_FRAME = 127;

/** Bytes of the whole frame that a CoAP message of so many bytes is; above LONGEST_FRAME it would need fragments. */
export function frameBytes(coapBytes: number): number {
  return MAC_HEADER + SECURITY_HEADER + IPHC + UDP_NHC + coapBytes + MIC + FCS;
}

/** A datagram between a sensor and its gateway. */
export interface FrameRecord {
  /** As the sensor sees it. */
  readonly direction: "out" | "in";
  /** Of CoAP payload. */
  readonly bytes: number;
  readonly frameBytes: number;
}

/** Counts the frames of sensors; what is lost counts too, for it was sent. */
export class FrameCount {
  readonly #frames = new Map<string, FrameRecord[]>();

  constructor(private readonly gateway: string) {}

  readonly observe: Observer = ({ from, to, datagram }) => {
    const direction = to === this.gateway ? "out" : "in";
    const sensor = direction === "out" ? from : to;
    if (from !== this.gateway && to !== this.gateway) return;
    const frames = this.#frames.get(sensor);
    if (frames === undefined) return;
    frames.push({
      direction,
      bytes: decodeMessage(datagram)?.payload.length ?? 0,
      frameBytes: frameBytes(datagram.length),
    });
  };

  /** Begins a sensor's list. */
  begin(sensor: string): void {
    this.#frames.set(sensor, []);
  }

  /** Ends it. */
  end(sensor: string): readonly FrameRecord[] {
    const frames = this.#frames.get(sensor) ?? [];
    this.#frames.delete(sensor);
    return frames;
  }
}
