/** Terminals such as /dev/ttyACM0, through the optional package serialport. */

import { importOptional } from "./optional-package.js";
import type { OpenPort } from "./port.js";

export const SERIAL_PACKAGE = "serialport";

/** What is used of serialport; it need not be there when this is compiled. */
interface SerialPort {
  readonly writableLength: number;
  write(bytes: Uint8Array): boolean;
  close(callback?: (error: Error | null) => void): void;
  on(event: "data", listener: (bytes: Buffer) => void): unknown;
  on(event: "error", listener: (error: Error) => void): unknown;
  on(event: "close", listener: (error: (Error & { disconnected?: boolean }) | null) => void): unknown;
}
interface SerialPackage {
  /** Opens the port with 8 data bits, no parity, one stop bit and no flow control: the package's defaults. */
  readonly SerialPort: new (
    options: { path: string; baudRate: number },
    opened: (error: Error | null) => void,
  ) => SerialPort;
}

/** What may wait for a line, in bytes. */
const MAX_WAITING = 16 * 1024;

/** A terminal at a speed. Nobody else can open it meanwhile. `option` is what asked for it. */
export function terminalPort(device: string, baudRate: number, option = "--serial"): OpenPort {
  return async ({ onData, onGone }) => {
    const { SerialPort } = await importOptional<SerialPackage>(SERIAL_PACKAGE, option);
    const port = await new Promise<SerialPort>((resolve, reject) => {
      const opened: SerialPort = new SerialPort({ path: device, baudRate }, (error) => {
        if (error === null) resolve(opened);
        else reject(error);
      });
    });
    let there = true;
    const gone = (reason: string): void => {
      if (!there) return;
      there = false;
      onGone(reason);
    };
    port.on("data", onData);
    port.on("error", (error) => {
      gone(error.message);
      // It says by "close" that it is closed already, and nobody listens any more.
      port.close(() => {});
    });
    port.on("close", (error) => {
      // What the system says of a device that is gone differs: "bad file descriptor", "no such device".
      gone(error?.disconnected ? "the device was unplugged" : (error?.message ?? "the port was closed"));
    });
    return {
      at: device,
      write: (bytes) => {
        if (!there || port.writableLength + bytes.length > MAX_WAITING) return false;
        port.write(bytes);
        return true;
      },
      close() {
        if (there) port.close(() => {});
        there = false;
      },
    };
  };
}
