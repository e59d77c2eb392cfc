/**
 * Starts the sensor on the emulated Cortex-M4, as boards/linux/launch.ts does on Linux: with its files, and with UDP
 * to the world outside.
 *
 *   node dist/boards/cortex-m4/launch.js --prepare        has the image built, starts nothing
 *   node dist/boards/cortex-m4/launch.js --dir FOLDER     runs the sensor with these arguments
 *
 * Tells on standard output, before the sensor does: `{"event":"building","detail":TEXT}` for each step of a build,
 * then `{"event":"engine","engine":"xs 13.3.0 cortex-m4","cached":BOOL,"slotSize":16}`. The sensor's `finished` event
 * has the figures of the board besides: `instructions`, `ramBytes`, `flashBytes`. Ends as the sensor ends; with code
 * 69 where a package is missing, which standard error names.
 */

import { randomBytes } from "node:crypto";
import { createSocket, type Socket } from "node:dgram";
import { EngineUnavailableError } from "../engine/source.js";
import { buildImage, type Image } from "./build.js";
import { type Ending, runImage, type Surroundings, type Wake } from "./emulator.js";
import { EventLines, ramBytes } from "./events.js";
import { readStored, writeStored } from "./storage.js";

/** sysexits.h: a service is unavailable. */
const EXIT_UNAVAILABLE = 69;
/** How long an exchange may take whatever its deadline; the emulator is some 50 times slower than the chip. */
const TIMEOUT_MS = 600_000;

const say = (event: object): boolean => process.stdout.write(`${JSON.stringify(event)}\n`);

/** The network and the time of this machine. */
class Outside implements Surroundings {
  readonly #events = new EventLines();
  readonly #waiting: NonNullable<Wake["datagram"]>[] = [];
  #socket: Socket | undefined;
  /** Ends the board's sleep. */
  #rouse: (() => void) | undefined;

  constructor(readonly args: readonly string[]) {}

  random(length: number): Uint8Array {
    return randomBytes(length);
  }

  read(path: string): Uint8Array | undefined {
    return readStored(path);
  }

  write(folder: string, name: string, contents: Uint8Array): void {
    writeStored(folder, name, contents);
  }

  async open(address: string, port: number): Promise<void> {
    const socket = createSocket("udp4", (bytes, from) => {
      this.#waiting.push({ address: from.address, port: from.port, bytes });
      this.#rouse?.();
    });
    await new Promise<void>((resolve, reject) => {
      socket.once("error", reject);
      socket.bind(port, address, resolve);
    });
    // What goes wrong with a datagram is a datagram lost.
    socket.removeAllListeners("error").on("error", () => {});
    this.#socket = socket;
  }

  send(address: string, port: number, datagram: Uint8Array): void {
    this.#socket?.send(datagram, port, address, () => {});
  }

  close(): void {
    this.#socket?.close();
    this.#socket = undefined;
  }

  async sleep(delay: number | undefined): Promise<Wake> {
    if (this.#waiting.length === 0) {
      await new Promise<void>((resolve) => {
        const timer = delay === undefined ? undefined : setTimeout(resolve, delay);
        this.#rouse = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.#rouse = undefined;
    }
    const datagram = this.#waiting.shift();
    const now = performance.now();
    return datagram === undefined ? { now } : { now, datagram };
  }

  output(text: string): void {
    for (const event of this.#events.take(text)) say(event);
  }

  complain(text: string): void {
    process.stderr.write(text);
  }

  /** The last event waits for the figures of the whole run. */
  finish({ figures }: Ending, { flashBytes }: Image): void {
    const { finished } = this.#events;
    if (finished === undefined) return;
    const { instructions } = figures;
    // This image does not count computrons.
    const { computrons, ...counted } = finished.device;
    const device = { ...counted, instructions, ramBytes: ramBytes(figures), flashBytes };
    say({ ...finished, device });
  }
}

async function launch(args: readonly string[]): Promise<number> {
  const image = await buildImage({ onProgress: (detail) => say({ event: "building", detail }) });
  const { engine, cached } = image;
  say({ event: "engine", engine, cached, slotSize: 16 });
  if (args[0] === "--prepare") return 0;
  const outside = new Outside(args);
  const ending = await runImage(image, outside, TIMEOUT_MS);
  outside.finish(ending, image);
  return ending.code;
}

for (const [i, signal] of (["SIGHUP", "SIGINT", "SIGTERM"] as const).entries()) {
  // "exit" handlers end the emulator.
  process.on(signal, () => process.exit(128 + [1, 2, 15][i]));
}
try {
  process.exitCode = await launch(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = error instanceof EngineUnavailableError ? EXIT_UNAVAILABLE : 70;
}
