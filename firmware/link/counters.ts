/** Counts what goes over a link. */

import type { Device, Link } from "../device.js";

/** Datagrams and their payload bytes so far. */
export interface LinkCounters {
  txDatagrams: number;
  txBytes: number;
  rxDatagrams: number;
  rxBytes: number;
}

/** `openLink` as it was, and the counters of all links that it opens. */
export function counted(openLink: Device["openLink"]): {
  openLink: Device["openLink"];
  counters: LinkCounters;
} {
  const counters: LinkCounters = { txDatagrams: 0, txBytes: 0, rxDatagrams: 0, rxBytes: 0 };
  const openCounted = (onDatagram: (peer: string, datagram: Uint8Array) => void): Link => {
    const link = openLink((peer, datagram) => {
      counters.rxDatagrams++;
      counters.rxBytes += datagram.length;
      onDatagram(peer, datagram);
    });
    return {
      ...link,
      send(peer, datagram) {
        link.send(peer, datagram);
        counters.txDatagrams++;
        counters.txBytes += datagram.length;
      },
      close: () => link.close(),
    };
  };
  return { openLink: openCounted, counters };
}
