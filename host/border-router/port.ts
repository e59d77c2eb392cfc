/** What a serial port is to who speaks over it. */

/** A port that is open. */
export interface Port {
  /** What a person may look for it by. */
  readonly at: string;
  /** False: the port is too busy, and the bytes are dropped. */
  write(bytes: Uint8Array): boolean;
  close(): void;
}

export interface PortHandlers {
  onData(bytes: Uint8Array): void;
  /** The port is gone, and not because it was closed here. */
  onGone(reason: string): void;
}

/** Opens a port; rejects with a reason for people. */
export type OpenPort = (handlers: PortHandlers) => Promise<Port>;
