/** The border router: boards without IP on one side, UDP on the other. */

import type { Message } from "../../protocol/coap/message.js";
import { type Address, formatAddress } from "../coap/address.js";
import { Rate } from "../coap/rate.js";
import { openPacketFile, type PacketFile } from "../simulation/pcap.js";
import type { OpenCentral } from "./central.js";
import type { OnRouterEvent } from "./events.js";
import { GattBoards } from "./gatt-boards.js";
import { portOf } from "./open-port.js";
import { ForwardProxy, type Passed } from "./proxy.js";
import { SerialLine } from "./serial-line.js";

export interface RouterOptions {
  /** Devices: terminals, "udp:HOST:PORT". */
  readonly serial: readonly string[];
  /** Bluetooth centrals by the names that the log has for them. */
  readonly centrals?: ReadonlyMap<string, OpenCentral>;
  readonly baud: number;
  readonly listen: Address;
  /** Requests a second that each board may send in the long run; ten times as many at once. */
  readonly rate: number;
  /** Where a capture of the UDP side goes. */
  readonly pcap?: string;
  readonly onEvent: OnRouterEvent;
}

export interface Router {
  close(): void;
}

const BURST = 10;

/**
 * Starts to carry. Rejects when the UDP address, the capture file or a central can't be had; a serial device may come
 * later.
 */
export async function startRouter(options: RouterOptions): Promise<Router> {
  const { serial, centrals = new Map<string, OpenCentral>(), baud, listen, rate, pcap, onEvent } = options;
  let capture: Capture | undefined;
  const proxy = await ForwardProxy.open({
    listen,
    onError: (error, where) => onEvent({ event: "fault", where, reason: error.message }),
    onPassed: (passed) => capture?.(passed),
  }).catch((error: Error) => {
    throw new Error(`--listen ${formatAddress(listen)}: ${error.message}`, { cause: error });
  });
  const { host: address, port } = proxy.address;
  let file: PacketFile | undefined;
  try {
    if (pcap !== undefined) {
      if (address.includes(":")) throw new Error("--pcap: captures have IPv4 only");
      file = openPacketFile(pcap);
      capture = captureTo(file, { host: address, port });
    }
  } catch (error) {
    proxy.close();
    throw error;
  }
  const newRate = (): Rate => new Rate(performance.now(), rate, BURST * rate);
  const forward = (request: Message) => proxy.forward(request);
  const lines = serial.map(
    (device) =>
      new SerialLine({
        device,
        openPort: portOf(device, baud),
        rate: newRate(),
        ...{ forward, onEvent },
      }),
  );
  const boards = [...centrals].map(
    ([device, openCentral]) => new GattBoards({ device, openCentral, newRate, forward, onEvent }),
  );
  const close = (): void => {
    for (const each of [...lines, ...boards]) each.close();
    proxy.close();
    file?.close();
  };
  onEvent({ event: "listening", address, port });
  try {
    await Promise.all([...lines, ...boards].map((each) => each.start()));
  } catch (error) {
    close();
    throw error;
  }
  return { close };
}

type Capture = (passed: Passed) => void;

function captureTo(file: PacketFile, own: Address): Capture {
  return ({ sent, peer, datagram }) => {
    const [source, destination] = sent ? [own, peer] : [peer, own];
    file.write(performance.timeOrigin + performance.now(), {
      source: source.host,
      sourcePort: source.port,
      destination: destination.host,
      destinationPort: destination.port,
      ttl: 64,
      payload: datagram,
    });
  };
}
