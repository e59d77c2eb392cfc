/**
 * Air time: how long a radio sends and listens for one message. Each link says in words what it assumes, and where
 * that stands.
 */

/** What one message needs of the radio. Seconds. */
export interface AirTime {
  readonly frames: number;
  /** Bytes on the air, all overhead included. */
  readonly bytes: number;
  /** The sender's radio sends; the sender's radio listens, for acknowledgements and clear channels. */
  readonly transmit: number;
  readonly listen: number;
}

export type LinkName = "802.15.4" | "ble" | "wifi" | `lora-sf${7 | 8 | 9 | 10 | 11 | 12}`;

export interface LinkModel {
  readonly name: LinkName;
  readonly title: string;
  /** A message of so many bytes of UDP or GATT payload leaves the board. Retransmissions are the caller's. */
  send(bytes: number): AirTime;
  /** It comes to the board: what it sends is acknowledgements. */
  receive(bytes: number): AirTime;
  /** Once for each wake-up, before the first message. */
  readonly setUp: AirTime;
  readonly assumptions: readonly string[];
}

const none: AirTime = { frames: 0, bytes: 0, transmit: 0, listen: 0 };

/** IEEE 802.15.4 at 2.4 GHz: 250 kbit/s, 32 µs a byte. */
function ieee802154(): LinkModel {
  const byte = 32e-6;
  const PHY = 6;
  const MAC = 9 + 5 + 4 + 2;
  const LOWPAN = 7;
  const MOST = 127;
  const ACK = (PHY + 5) * byte;
  const TURNAROUND = 192e-6;
  const CLEAR = 128e-6;
  /** Payloads of the frames: fragments but the last are multiples of 8 bytes (RFC 4944 §5.3). */
  const frames = (bytes: number): number[] => {
    if (MAC + LOWPAN + bytes <= MOST) return [MAC + LOWPAN + bytes];
    const first = Math.floor((MOST - MAC - LOWPAN - 4) / 8) * 8;
    const next = Math.floor((MOST - MAC - 5) / 8) * 8;
    const all = [MAC + LOWPAN + 4 + first];
    for (let left = bytes - first; left > 0; left -= next) all.push(MAC + 5 + Math.min(left, next));
    return all;
  };
  const air = (bytes: number): { frames: number; bytes: number; seconds: number } => {
    const all = frames(bytes);
    const sum = all.reduce((total, frame) => total + PHY + frame, 0);
    return { frames: all.length, bytes: sum, seconds: sum * byte };
  };
  return {
    name: "802.15.4",
    title: "IEEE 802.15.4, 2.4 GHz",
    send(size) {
      const { frames: count, bytes, seconds } = air(size);
      return { frames: count, bytes, transmit: seconds, listen: count * (CLEAR + TURNAROUND + ACK) };
    },
    receive(size) {
      const { frames: count, bytes, seconds } = air(size);
      return { frames: count, bytes, transmit: count * ACK, listen: seconds };
    },
    setUp: none,
    assumptions: [
      `[quoted] at most ${MOST} bytes a frame, 192 µs of turnaround (aMaxPHYPacketSize, aTurnaroundTime of IEEE 802.15.4-2006, as radio drivers repeat them)`,
      `[assumed] 6 bytes of PHY, ${MAC} of MAC: short addresses, 5 of security header, MIC-32, FCS`,
      `[assumed] ${LOWPAN} bytes of 6LoWPAN: IPHC, NHC with 4-bit ports, checksum (formats of RFC 6282); fragments by RFC 4944`,
      "[assumed] clear channel at once (128 µs of listening), an acknowledgement for each frame, no back-off with the receiver on",
    ],
  };
}

/** Bluetooth Low Energy, 1 Mbit/s: 8 µs a byte. */
function ble(): LinkModel {
  const byte = 8e-6;
  const PACKET = 1 + 4 + 2 + 3;
  const MIC = 4;
  const MOST = 251;
  const GATT = 4 + 3;
  const EMPTY = PACKET * byte;
  const SPACE = 150e-6;
  /** Assumed: two clocks of 50 ppm over 30 ms, and twice 16 µs of jitter, as Zephyr's controller reckons with. */
  const WINDOW = 35e-6;
  const ADVERTISING = 3 * (1 + 4 + 2 + 6 + 31 + 3) * byte;
  const SCAN = 3 * (SPACE + 34 * byte);
  const EVENTS = 10;
  const message = (size: number) => {
    const packets = Math.ceil((size + GATT) / MOST);
    const bytes = size + GATT + packets * (PACKET + MIC);
    return { frames: packets, bytes, seconds: bytes * byte };
  };
  return {
    name: "ble",
    title: "Bluetooth LE, 1 Mbit/s",
    send(size) {
      const { frames, bytes, seconds } = message(size);
      return { frames, bytes, transmit: seconds, listen: frames * (EMPTY + SPACE + WINDOW) };
    },
    receive(size) {
      const { frames, bytes, seconds } = message(size);
      return { frames, bytes, transmit: frames * EMPTY, listen: seconds + frames * (SPACE + WINDOW) };
    },
    setUp: {
      frames: 3 + 2 * EVENTS,
      bytes: 3 * 47 + 44 + 2 * EVENTS * PACKET,
      transmit: ADVERTISING + EVENTS * EMPTY,
      listen: SCAN + 44 * byte + EVENTS * (EMPTY + SPACE + WINDOW),
    },
    assumptions: [
      `[unverified] 1 Mbit/s, ${PACKET} bytes of packet, ${MIC} of MIC, 4 of L2CAP, 3 of ATT, data length ${MOST}: the Bluetooth Core Specification was not at hand`,
      "[quoted] 150 µs between packets (EVENT_IFS_US of Zephyr's controller)",
      `[assumed] the board listens ${1e6 * WINDOW} µs before each packet: two clocks of 50 ppm over 30 ms, twice 16 µs of jitter`,
      `[assumed] set-up: one advertising event on three channels that a scanning router answers at once, and ${EVENTS} empty connection events for parameters, MTU and subscription`,
      "[assumed] the router does not let the board wait: connection intervals of 30 ms, the radio off in between",
    ],
  };
}

/** Wi-Fi at 6 Mbit/s (802.11g, OFDM). */
function wifi(): LinkModel {
  const rate = 6e6 / 8;
  const PREAMBLE = 20e-6;
  const OVERHEAD = 24 + 8 + 8 + 4 + 20 + 8;
  const ACK = PREAMBLE + 14 / rate;
  const SPACE = 16e-6;
  const BACKOFF = 28e-6 + 7.5 * 9e-6;
  const ASSOCIATE = 0.5;
  const frame = (size: number) => PREAMBLE + (size + OVERHEAD) / rate;
  return {
    name: "wifi",
    title: "Wi-Fi, 802.11g at 6 Mbit/s",
    send: (size) => ({
      ...{ frames: 1, bytes: size + OVERHEAD, transmit: frame(size), listen: BACKOFF + SPACE + ACK },
    }),
    receive: (size) => ({ frames: 1, bytes: size + OVERHEAD, transmit: ACK, listen: SPACE + frame(size) }),
    setUp: { frames: 12, bytes: 1800, transmit: 12 * frame(100), listen: ASSOCIATE },
    assumptions: [
      `[unverified] ${OVERHEAD} bytes of MAC, CCMP, LLC, FCS, IPv4 and UDP, 20 µs of preamble, spaces and back-off of 802.11g: IEEE 802.11 was not at hand`,
      "[assumed] all is sent at 6 Mbit/s",
      `[assumed] set-up: association, WPA2 handshake and DHCP as 12 frames of 100 bytes and ${ASSOCIATE} s of listening; measure yours`,
    ],
  };
}

/**
 * Seconds of a LoRa frame: explicit header, CRC, code rate 4/5, 8 symbols of preamble; for spreading factors from 7. The
 * formula is the one that Semtech's LoRaMac-node computes in integers (src/radio/sx126x/radio.c, RadioTimeOnAir).
 */
export function loraAirTime(spreading: number, bytes: number, bandwidth = 125e3): number {
  const symbol = 2 ** spreading / bandwidth;
  // Low data rate optimization is on from 16 ms a symbol.
  const optimized = symbol >= 16e-3 ? 1 : 0;
  const bits = 8 * bytes - 4 * spreading + 28 + 16;
  const payload = 8 + Math.max(0, Math.ceil(bits / (4 * (spreading - 2 * optimized))) * 5);
  return (8 + 4.25 + payload) * symbol;
}

/** LoRaWAN, EU868: class A. */
function lora(spreading: 7 | 8 | 9 | 10 | 11 | 12): LinkModel {
  const OVERHEAD = 13;
  const most = { 7: 222, 8: 222, 9: 115, 10: 51, 11: 51, 12: 51 }[spreading];
  const symbol = 2 ** spreading / 125e3;
  const WINDOW = 8 * symbol;
  const frames = (size: number): number[] => {
    const all: number[] = [];
    for (let left = size; left > 0; left -= most) all.push(Math.min(left, most) + OVERHEAD);
    return all;
  };
  const sum = (all: readonly number[], of: (frame: number) => number) =>
    all.reduce((total, one) => total + of(one), 0);
  const seconds = (all: readonly number[]) => sum(all, (frame) => loraAirTime(spreading, frame));
  return {
    name: `lora-sf${spreading}`,
    title: `LoRaWAN, SF${spreading}, 125 kHz`,
    send(size) {
      const all = frames(size);
      // Both receive windows open behind each frame that is sent.
      return {
        frames: all.length,
        bytes: sum(all, (b) => b),
        transmit: seconds(all),
        listen: 2 * WINDOW * all.length,
      };
    },
    receive(size) {
      const all = frames(size);
      // A downlink comes behind an uplink: each further one needs an empty uplink before it.
      const empty = all.length - 1;
      return {
        frames: all.length + empty,
        bytes: sum(all, (b) => b) + empty * OVERHEAD,
        transmit: empty * loraAirTime(spreading, OVERHEAD),
        listen: seconds(all),
      };
    },
    setUp: none,
    assumptions: [
      "[confirmed] air time as Semtech's LoRaMac-node computes it: 8 symbols of preamble, explicit header, CRC, 4/5",
      `[quoted] at most ${most} bytes of payload: EU868 where repeaters may be (MaxPayloadOfDatarateRepeaterEU868 of LoRaMac-node's regions)`,
      `[unverified] ${OVERHEAD} bytes of LoRaWAN, without options: the LoRaWAN specification was not at hand`,
      "[assumed] class A, joined before: two receive windows of 8 symbols behind each uplink; messages are cut without a header of their own; the duty cycle is not checked",
    ],
  };
}

/** All links by name. */
export function linkModel(name: LinkName): LinkModel {
  if (name === "802.15.4") return ieee802154();
  if (name === "ble") return ble();
  if (name === "wifi") return wifi();
  return lora(Number(name.slice(7)) as 7);
}

export const linkNames: readonly LinkName[] = [
  ...(["802.15.4", "ble", "wifi"] as const),
  ...([7, 8, 9, 10, 11, 12] as const).map((sf): LinkName => `lora-sf${sf}`),
];
