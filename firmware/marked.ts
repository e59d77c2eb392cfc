/** A device whose phases are told to pins: datagrams and timers pass through here only where there are pins. */

import { type Mark, type Phase, Phases } from "../protocol/marks.js";
import type { Clock, Device, Link } from "./device.js";

/**
 * The device, its marks added: `transmit` when a datagram leaves, `verify` when one comes, `listen` when what was
 * heard or was due is done with. The other phases are marked where they begin.
 */
export function marked(device: Device, tell: Mark): Device & { readonly mark: Mark } {
  let phase: Phase = Phases.sleep;
  const mark: Mark = (next) => {
    // To go on listening is no new phase.
    if (next === Phases.listen && phase === next) return;
    phase = next;
    tell(next);
  };
  /** After a turn of the board, unless it told it to sleep. */
  const rest = (): void => {
    if (phase !== Phases.sleep) mark(Phases.listen);
  };
  const clock: Clock = {
    now: () => device.clock.now(),
    clear: (timer) => device.clock.clear(timer),
    set: (callback, milliseconds) =>
      device.clock.set(() => {
        callback();
        rest();
      }, milliseconds),
  };
  const openLink = (onDatagram: (peer: string, datagram: Uint8Array) => void): Link => {
    let open = true;
    const link = device.openLink((peer, datagram) => {
      if (!open) return;
      mark(Phases.verify);
      onDatagram(peer, datagram);
      rest();
    });
    return {
      ...link,
      send(peer, datagram) {
        mark(Phases.transmit);
        link.send(peer, datagram);
      },
      close() {
        open = false;
        link.close();
      },
    };
  };
  return { ...device, clock, openLink, mark };
}
