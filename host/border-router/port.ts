/** Serial ports on the host: terminals, and emulated ones whose bytes travel in UDP datagrams. */

import { execFile } from "node:child_process";
import { createSocket } from "node:dgram";
import { closeSync, constants, openSync } from "node:fs";
import { ReadStream } from "node:tty";
import { promisify } from "node:util";
import { formatAddress } from "../coap/address.js";

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

/** What may wait for a line, in bytes. */
const MAX_WAITING = 16 * 1024;
const STTY_MS = 5_000;

/** The port that `device` names: "udp:HOST:PORT", or a terminal such as /dev/ttyACM0. */
export function portOf(device: string, baud: number): OpenPort {
  const [, host, port] = /^udp:(.+):(\d+)$/.exec(device) ?? [];
  if (host !== undefined) return datagramPort(host, Number(port));
  return terminalPort(device, baud);
}

/**
 * A terminal, made raw by stty(1): Node can set neither a terminal's speed nor a mode that changes no byte.
 * The package `serialport` could on other systems than Linux and macOS.
 */
function terminalPort(device: string, baud: number): OpenPort {
  return async ({ onData, onGone }) => {
    const file = process.platform === "darwin" ? "-f" : "-F";
    const modes = ["raw", "-echo", "cs8", "-cstopb", "-parenb", "clocal", `${baud}`];
    await promisify(execFile)("stty", [file, device, ...modes], { timeout: STTY_MS }).catch(
      (error: Error & { stderr?: string }) => {
        throw new Error(error.stderr?.trim() || error.message, { cause: error });
      },
    );
    const { O_RDWR, O_NOCTTY, O_NONBLOCK } = constants;
    const descriptor = openSync(device, O_RDWR | O_NOCTTY | O_NONBLOCK);
    const terminal = new ReadStream(descriptor);
    // libuv has opened the terminal anew, by its name: this one would outlive it.
    closeSync(descriptor);
    let there = true;
    const gone = (reason: string): void => {
      if (!there) return;
      there = false;
      terminal.destroy();
      onGone(reason);
    };
    terminal.on("data", (data: Buffer) => onData(data));
    terminal.on("error", (error) => gone(error.message));
    terminal.on("end", () => gone("the device was unplugged"));
    terminal.on("close", () => gone("the device was unplugged"));
    return {
      at: device,
      write: (bytes) => {
        if (terminal.writableLength + bytes.length > MAX_WAITING) return false;
        terminal.write(bytes);
        return true;
      },
      close() {
        there = false;
        terminal.destroy();
      },
    };
  };
}

/**
 * An emulator's port: its bytes in UDP datagrams, as of QEMU's `-serial udp:`. Who sent last is at the other end.
 */
function datagramPort(host: string, port: number): OpenPort {
  return async ({ onData, onGone }) => {
    const socket = createSocket(host.includes(":") ? "udp6" : "udp4");
    await new Promise<void>((resolve, reject) => {
      socket.once("error", reject);
      socket.bind(port, host, () => {
        socket.off("error", reject);
        resolve();
      });
    });
    let end: { address: string; port: number } | undefined;
    let closed = false;
    const close = (): void => {
      if (closed) return;
      closed = true;
      socket.close();
    };
    socket.on("message", (bytes, sender) => {
      end = sender;
      onData(bytes);
    });
    socket.on("error", (error) => {
      close();
      onGone(error.message);
    });
    const bound = socket.address();
    return {
      at: `udp:${formatAddress({ host: bound.address, port: bound.port })}`,
      write: (bytes) => {
        if (end === undefined || closed) return false;
        // A datagram that can't leave is noise on the line.
        socket.send(bytes, end.port, end.address, () => {});
        return true;
      },
      close,
    };
  };
}
