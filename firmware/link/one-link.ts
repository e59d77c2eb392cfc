/**
 * One link for a whole wake-up, where a board can't have two at once or where opening one is dear (a Bluetooth
 * connection): closing it only lets go of it, and the next to open it goes on with it.
 */

import type { Device, Link } from "../device.js";

export interface OneLink {
  /** As a Device's; one at a time. Throws an Error while the link is in use. */
  readonly openLink: Device["openLink"];
  /** Closes the link itself, when the board goes to sleep. */
  close(): void;
}

export function oneLink(openLink: Device["openLink"]): OneLink {
  let link: Link | undefined;
  let listener: ((peer: string, datagram: Uint8Array) => void) | undefined;
  return {
    openLink(onDatagram) {
      if (listener !== undefined) throw new Error("link: it is in use");
      link ??= openLink((peer, datagram) => listener?.(peer, datagram));
      const opened = link;
      listener = onDatagram;
      return {
        ...opened,
        send: (peer, datagram) => opened.send(peer, datagram),
        close() {
          if (listener === onDatagram) listener = undefined;
        },
      };
    },
    close() {
      listener = undefined;
      link?.close();
      link = undefined;
    },
  };
}
