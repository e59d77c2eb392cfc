/**
 * Runs the image under QEMU (mps2-an386), one executed instruction 64 ns of the board's time, and speaks with it in
 * step: the board asks over two named pipes, and does nothing until the answer. Whoever calls owns time, network,
 * files and randomness, so that a run depends on nothing else. The frames are those of engine/board.h.
 */

import { execFile, spawn } from "node:child_process";
import { closeSync, constants, openSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server, Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { emulator, type Image } from "./build.js";

/** What the board finds around it. A method that throws an Error makes the board's call throw one of that text. */
export interface Surroundings {
  readonly args: readonly string[];
  random(length: number): Uint8Array;
  read(path: string): Uint8Array | undefined;
  write(folder: string, name: string, contents: Uint8Array): void;
  /** Sockets have numbers from 1. */
  open(address: string, port: number, socket: number): Promise<void> | void;
  send(address: string, port: number, datagram: Uint8Array, socket: number): void;
  close(socket: number): void;
  /** The board sleeps until a datagram, or for `delay` milliseconds; undefined: until a datagram. */
  sleep(delay: number | undefined): Promise<Wake> | Wake;
  output(text: string): void;
  complain(text: string): void;
  /** Hears what the board's UART sends. */
  onSerial?(bytes: Uint8Array): void;
  /** Hears every frame, with the instructions that were executed until then. */
  onFrame?(kind: string, instructions: number): void;
  /** Hears the calls of an image that records them: see engine/profile.c. */
  onRecords?(records: Buffer): void;
  /** Hears the name of the function whose code is at this address. */
  onName?(code: number, name: string): void;
}

/** Why the board goes on, and its time in milliseconds. */
export interface Wake {
  readonly now: number;
  readonly datagram?: Datagram;
  /** What arrives at its UART: at most MAX_UART bytes. */
  readonly serial?: Uint8Array;
}

export interface Datagram {
  readonly address: string;
  readonly port: number;
  readonly bytes: Uint8Array;
  /** Default: the first. */
  readonly socket?: number;
}

/** As in engine/uart.h. */
export const MAX_UART = 256;

/** How a run ended. Bytes; `…Peak` is what was used at most, `…Reserved` what the image sets aside. */
export interface Ending {
  readonly code: number;
  readonly figures: BoardFigures;
}
export interface BoardFigures {
  /** Executed from the mark of the firmware (see `measureFromHere`) to the exit; 0 without a mark. */
  readonly instructions: number;
  /** Executed from reset to that mark. */
  readonly bootInstructions: number;
  readonly cStackReserved: number;
  readonly cStackPeak: number;
  readonly slotsReserved: number;
  readonly slotsPeak: number;
  readonly chunksReserved: number;
  readonly chunksPeak: number;
  readonly stackReserved: number;
  readonly stackPeak: number;
  /** The machine's own tables: names, aliases, timers. */
  readonly tables: number;
  /** What lies in flash on a device: the engine's objects and the application's, after its top level has run. */
  readonly sharedSlots: number;
  readonly sharedChunks: number;
}

const HEAD = 8;
const machine = ["-M", "mps2-an386", "-icount", "shift=6", "-display", "none", "-monitor", "none"];
const semihosting = ["-semihosting-config", "enable=on,target=native"];
/** The UART's other end: a socket in the folder where the emulator is started. */
const serial = ["-chardev", "socket,id=uart,path=uart", "-serial", "chardev:uart"];

/** Runs the image until it exits. Rejects when the emulator fails, or after `timeout` milliseconds. */
export async function runImage(image: Image, surroundings: Surroundings, timeout: number): Promise<Ending> {
  const folder = await mkdtemp(join(tmpdir(), "symbolon-m4-"));
  const uart = createServer();
  try {
    await promisify(execFile)("mkfifo", [join(folder, "in"), join(folder, "out")], { timeout: 10_000 });
    await new Promise<void>((resolve, reject) => {
      uart.once("error", reject).listen(join(folder, "uart"), resolve);
    });
    return await new Run(image, surroundings, folder, uart, timeout).ended;
  } finally {
    uart.close();
    await rm(folder, { recursive: true, force: true });
  }
}

class Run {
  readonly ended: Promise<Ending>;
  readonly #surroundings: Surroundings;
  readonly #toBoard: Socket;
  readonly #fromBoard: Socket;
  #uart: Socket | undefined;
  #received: Buffer = Buffer.alloc(0);
  /** A frame is being answered; the next one waits. */
  #busy = false;
  #ending: Ending | undefined;
  /** Instructions at the last mark. */
  #mark: number | undefined;

  constructor(image: Image, surroundings: Surroundings, folder: string, uart: Server, timeout: number) {
    this.#surroundings = surroundings;
    this.#toBoard = openPipe(join(folder, "in"), "writable");
    this.#fromBoard = openPipe(join(folder, "out"), "readable");
    uart.on("connection", (socket) => {
      this.#uart = socket;
      socket.on("data", (bytes) => surroundings.onSerial?.(bytes as Buffer));
      // The emulator has ended, which is told below.
      socket.on("error", () => socket.destroy());
    });
    const child = spawn(emulator, [...machine, ...semihosting, ...serial, "-kernel", image.path], {
      cwd: folder,
      stdio: ["ignore", "ignore", "pipe"],
      timeout,
      killSignal: "SIGKILL",
    });
    const onExit = (): boolean => child.kill("SIGKILL");
    process.on("exit", onExit);
    let complaints = "";
    child.stderr.on("data", (data: Buffer) => {
      complaints += data.toString();
    });
    this.ended = new Promise<Ending>((resolve, reject) => {
      this.#fromBoard.on("data", (data) => {
        this.#received = Buffer.concat([this.#received, data as Buffer]);
        this.#work().catch((error: Error) => {
          child.kill("SIGKILL");
          reject(error);
        });
      });
      child.on("error", reject);
      child.on("close", (code, signal) => {
        if (this.#ending !== undefined) resolve(this.#ending);
        else
          reject(new Error(`the board ended with ${signal ?? `code ${code}`} ${complaints.trim()}`.trim()));
      });
    }).finally(() => {
      process.off("exit", onExit);
      this.#toBoard.destroy();
      this.#fromBoard.destroy();
      this.#uart?.destroy();
    });
  }

  /** Takes the whole frames that are there, one after the other. */
  async #work(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    while (this.#received.length >= HEAD) {
      const length = this.#received.readUInt16LE(2);
      if (this.#received.length < HEAD + length) break;
      const kind = String.fromCharCode(this.#received[0]);
      const instructions = this.#received.readUInt32LE(4);
      const contents = Buffer.from(this.#received.subarray(HEAD, HEAD + length));
      this.#received = this.#received.subarray(HEAD + length);
      this.#surroundings.onFrame?.(kind, instructions);
      await this.#take(kind, instructions, contents);
    }
    this.#busy = false;
  }

  async #take(kind: string, instructions: number, contents: Buffer): Promise<void> {
    const around = this.#surroundings;
    switch (kind) {
      case "a":
        return this.#reply("D", Buffer.from(around.args.map((argument) => `${argument}\0`).join("")));
      case "p":
        return around.output(contents.toString());
      case "e":
        return around.complain(contents.toString());
      case "r":
        return this.#reply("D", around.random(contents.readUInt16LE(0)));
      case "f":
        return this.#attempt(() => around.read(contents.toString()));
      case "w": {
        const folder = contents.indexOf(0);
        const name = contents.indexOf(0, folder + 1);
        return this.#attempt(() => {
          const text = (start: number, end: number): string => contents.toString("utf8", start, end);
          around.write(text(0, folder), text(folder + 1, name), contents.subarray(name + 1));
          return new Uint8Array(0);
        });
      }
      case "o":
        return this.#attempt(async () => {
          await around.open(contents.toString("utf8", 3), contents.readUInt16LE(0), contents[2]);
          return new Uint8Array(0);
        });
      case "s": {
        const start = 4 + contents[3];
        const address = contents.toString("utf8", 4, start);
        return around.send(address, contents.readUInt16LE(0), contents.subarray(start), contents[2]);
      }
      case "c":
        return around.close(contents[0]);
      case "i":
        return this.#wake(contents.readDoubleLE(0));
      case "m":
        this.#mark = instructions;
        return;
      case "t":
        around.onRecords?.(contents);
        return;
      case "n":
        around.onName?.(contents.readUInt32LE(0), contents.toString("utf8", 4));
        return;
      case "x":
        this.#ending = this.#readEnding(contents);
        return;
      default:
        throw new Error(`the board sent a frame of kind ${kind}`);
    }
  }

  async #wake(delay: number): Promise<void> {
    const { now, datagram, serial } = await this.#surroundings.sleep(delay < 0 ? undefined : delay);
    const head = Buffer.alloc(8);
    head.writeDoubleLE(now);
    if (serial !== undefined) {
      this.#uart?.write(serial);
      return this.#reply("U", Buffer.concat([head, Buffer.of(serial.length & 255, serial.length >> 8)]));
    }
    if (datagram === undefined) return this.#reply("T", head);
    const address = Buffer.from(datagram.address);
    const { port, socket = 1 } = datagram;
    const from = Buffer.of(port & 255, port >> 8, socket, address.length);
    this.#reply("G", Buffer.concat([head, from, address, datagram.bytes]));
  }

  async #attempt(call: () => Uint8Array | undefined | Promise<Uint8Array>): Promise<void> {
    try {
      const contents = await call();
      if (contents === undefined) this.#reply("N", new Uint8Array(0));
      else this.#reply("D", contents);
    } catch (error) {
      this.#reply("E", Buffer.from((error as Error).message));
    }
  }

  #reply(kind: string, contents: Uint8Array): void {
    const head = Buffer.of(kind.charCodeAt(0), 0, contents.length & 255, contents.length >> 8);
    this.#toBoard.write(Buffer.concat([head, contents]));
  }

  #readEnding(contents: Buffer): Ending {
    const value = (i: number): number => contents.readUInt32LE(4 * i);
    const instructions = value(1);
    const mark = this.#mark ?? instructions;
    const figures: BoardFigures = {
      instructions: instructions - mark,
      bootInstructions: mark,
      cStackReserved: value(2),
      cStackPeak: value(3),
      slotsReserved: value(4),
      slotsPeak: value(5),
      chunksReserved: value(6),
      chunksPeak: value(7),
      stackReserved: value(8),
      stackPeak: value(9),
      tables: value(10),
      sharedSlots: value(11),
      sharedChunks: value(12),
    };
    return { code: contents.readInt32LE(0), figures };
  }
}

/**
 * One end of a named pipe. It is open in both directions, so that opening waits for nobody; a Socket that may read
 * begins to at once, so the one that writes must not.
 */
function openPipe(path: string, end: "readable" | "writable"): Socket {
  const descriptor = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  try {
    return new Socket({ fd: descriptor, readable: end === "readable", writable: end === "writable" });
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
}
