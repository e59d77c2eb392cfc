/** The way of readings through a gateway: the Responder's address is the sensor's mailbox there. */

import { ascii } from "../protocol/bytes.js";
import { OptionNumbers } from "../protocol/coap/numbers.js";
import type { Device, Link, Route } from "./device.js";
import type { Enrolment } from "./enrolment.js";
import { MAILBOX_PATH, readMailbox } from "./mailbox.js";

/**
 * A device whose requests to the Responder go to the mailbox, while there is one. What goes to others goes as before.
 */
export function throughGateway(device: Device, { gateway, responderAddress }: Enrolment): Device {
  if (gateway === undefined || responderAddress === undefined) return device;
  const openLink = (onDatagram: Parameters<Device["openLink"]>[0]): Link => {
    const link = device.openLink(onDatagram);
    const routeOf = (address: string): Route => link.route?.(address) ?? { peer: address, options: [] };
    return {
      ...(link.transmission !== undefined && { transmission: link.transmission }),
      route(address) {
        const name = address === responderAddress ? readMailbox(device.storage) : undefined;
        if (name === undefined) return routeOf(address);
        const { peer, options } = routeOf(gateway.address);
        const path = [MAILBOX_PATH, name].map((segment) => ({
          number: OptionNumbers.uriPath,
          value: ascii(segment),
        }));
        return { peer, options: [...options, ...path].sort((a, b) => a.number - b.number) };
      },
      send: (peer, datagram) => link.send(peer, datagram),
      close: () => link.close(),
    };
  };
  return { ...device, openLink };
}
