/**
 * The board without XS: the same firmware modules under Node, where no C compiler builds the engine.
 *
 *   node dist/boards/linux/node.js module.js [arguments]
 *
 * `native` gives functions of the same names over node:crypto, node:dgram and node:fs; then the module is imported.
 */

import { createCipheriv, createDecipheriv, createHash, createHmac, getRandomValues } from "node:crypto";
import { createSocket, type Socket } from "node:dgram";
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { isIPv4 } from "node:net";
import { resolve } from "node:path";
import { performance } from "node:perf_hooks";
import { pathToFileURL } from "node:url";

type Hash = "sha1" | "sha256";

function expectLength(name: string, expected: number, bytes: Uint8Array): void {
  if (bytes.length !== expected) {
    throw new RangeError(`${name}: expected ${expected} bytes, got ${bytes.length}`);
  }
}

/** As on XS, a string is no bytes, whatever Node would take. */
function expectBytes(...values: readonly unknown[]): void {
  for (const value of values) {
    if (!(value instanceof Uint8Array)) throw new TypeError(`expected bytes, got ${typeof value}`);
  }
}

function digest(hash: Hash): (data: Uint8Array, out: Uint8Array) => void {
  return (data, out) => {
    expectBytes(data, out);
    const value = createHash(hash).update(data).digest();
    expectLength("digest", value.length, out);
    out.set(value);
  };
}

function hmac(hash: Hash): (key: Uint8Array, data: Uint8Array, out: Uint8Array) => void {
  return (key, data, out) => {
    expectBytes(key, data, out);
    const value = createHmac(hash, key).update(data).digest();
    expectLength("mac", value.length, out);
    out.set(value);
  };
}

/** RFC 3830 §4.1.2, as firmware/native/digest/prf.c. */
function prf(hash: Hash): (inkey: Uint8Array, label: Uint8Array, out: Uint8Array) => void {
  return (inkey, label, out) => {
    expectBytes(inkey, label, out);
    if (inkey.length === 0) throw new RangeError("inkey: expected at least 1 byte, got 0");
    out.fill(0);
    for (let start = 0; start < inkey.length; start += 32) {
      const chunk = inkey.subarray(start, start + 32);
      let a: Uint8Array = label;
      for (let done = 0; done < out.length; ) {
        a = createHmac(hash, chunk).update(a).digest();
        const p = createHmac(hash, chunk).update(a).update(label).digest();
        for (let i = 0; i < p.length && done < out.length; i++) out[done++] ^= p[i];
      }
    }
  };
}

function checkCcm(
  key: Uint8Array,
  nonce: Uint8Array,
  aad: Uint8Array,
  text: Uint8Array,
  sealed: Uint8Array,
): number {
  expectBytes(key, nonce, aad, text, sealed);
  const tagLength = sealed.length - text.length;
  expectLength("key", 16, key);
  expectLength("nonce", 13, nonce);
  if (aad.length > 65279) throw new RangeError(`aad: expected at most 65279 bytes, got ${aad.length}`);
  if (text.length > 65535) throw new RangeError(`text: expected at most 65535 bytes, got ${text.length}`);
  if (tagLength !== 8 && tagLength !== 16) {
    throw new RangeError(`tag: expected 8 or 16 bytes, got ${tagLength}`);
  }
  return tagLength;
}

function ccmSeal(
  key: Uint8Array,
  nonce: Uint8Array,
  aad: Uint8Array,
  text: Uint8Array,
  sealed: Uint8Array,
): void {
  const authTagLength = checkCcm(key, nonce, aad, text, sealed);
  const cipher = createCipheriv("aes-128-ccm", key, nonce, { authTagLength });
  cipher.setAAD(aad, { plaintextLength: text.length });
  sealed.set(cipher.update(text));
  cipher.final();
  sealed.set(cipher.getAuthTag(), text.length);
}

function ccmOpen(
  key: Uint8Array,
  nonce: Uint8Array,
  aad: Uint8Array,
  sealed: Uint8Array,
  text: Uint8Array,
): boolean {
  const authTagLength = checkCcm(key, nonce, aad, text, sealed);
  const decipher = createDecipheriv("aes-128-ccm", key, nonce, { authTagLength });
  decipher.setAuthTag(sealed.subarray(text.length));
  decipher.setAAD(aad, { plaintextLength: text.length });
  const opened = decipher.update(sealed.subarray(0, text.length));
  try {
    decipher.final();
  } catch {
    // Node says by an exception that the tag does not hold.
    text.fill(0);
    return false;
  }
  text.set(opened);
  return true;
}

function aesCtr(key: Uint8Array, counter: Uint8Array, data: Uint8Array, out: Uint8Array): void {
  expectBytes(key, counter, data, out);
  expectLength("key", 16, key);
  expectLength("counter", 16, counter);
  expectLength("out", data.length, out);
  out.set(createCipheriv("aes-128-ctr", key, counter).update(data));
}

const timers = new Map<number, NodeJS.Timeout>();
let lastTimer = 0;

function setTimer(callback: () => void, milliseconds: number): number {
  const id = ++lastTimer;
  const fire = (): void => {
    timers.delete(id);
    callback();
  };
  timers.set(id, setTimeout(fire, Math.max(0, milliseconds)));
  return id;
}

function clearTimer(id: number): void {
  clearTimeout(timers.get(id));
  timers.delete(id);
}

const sockets = new Map<number, Socket>();
let lastSocket = 0;

function checkAddress(address: string, port: number): void {
  if (!isIPv4(address)) throw new RangeError(`address: expected a numeric IPv4 address, got ${address}`);
  if (!(port >= 0 && port <= 65535)) throw new RangeError(`port: expected 0 to 65535, got ${port}`);
}

function socketOf(id: number): Socket {
  const socket = sockets.get(id);
  if (!socket) throw new Error(`socket ${id} is closed`);
  return socket;
}

function udpOpen(
  address: string,
  port: number,
  onDatagram: (address: string, port: number, datagram: ArrayBuffer) => void,
): number {
  checkAddress(address, port);
  const socket = createSocket("udp4", (datagram, from) => {
    onDatagram(from.address, from.port, Uint8Array.from(datagram).buffer);
  });
  // Binding ends later here than on XS; Node keeps what is sent before, and an error ends the process.
  socket.bind(port, address);
  sockets.set(++lastSocket, socket);
  return lastSocket;
}

function udpSend(id: number, address: string, port: number, bytes: Uint8Array): void {
  checkAddress(address, port);
  // A datagram that can't leave is lost, as UDP may lose any.
  socketOf(id).send(Uint8Array.from(bytes), port, address, () => {});
}

function udpClose(id: number): void {
  socketOf(id).close();
  sockets.delete(id);
}

function fileRead(path: string): ArrayBuffer | undefined {
  try {
    return Uint8Array.from(readFileSync(path)).buffer;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

function fileWrite(folder: string, name: string, bytes: Uint8Array): void {
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  const temporary = `${folder}/${name}~`;
  const file = openSync(temporary, "w", 0o600);
  try {
    for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(temporary, `${folder}/${name}`);
  const directory = openSync(folder, "r");
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

function ptyOpen(): never {
  throw new Error("a pseudo-terminal needs XS: Node can't make one");
}

const scriptArguments = process.argv.slice(3);

const natives = {
  xs_sha1: digest("sha1"),
  xs_sha256: digest("sha256"),
  xs_hmac_sha1: hmac("sha1"),
  xs_hmac_sha256: hmac("sha256"),
  xs_prf_sha1: prf("sha1"),
  xs_prf_sha256: prf("sha256"),
  xs_ccm_seal: ccmSeal,
  xs_ccm_open: ccmOpen,
  xs_aes_ctr: aesCtr,
  xs_entropy: (out: Uint8Array): void => {
    expectBytes(out);
    getRandomValues(out);
  },
  xs_clock_now: (): number => performance.now(),
  xs_timer_set: setTimer,
  xs_timer_clear: clearTimer,
  xs_udp_open: udpOpen,
  xs_udp_send: udpSend,
  xs_udp_close: udpClose,
  xs_pty_open: ptyOpen,
  xs_file_read: fileRead,
  xs_file_write: fileWrite,
  xs_file_text: (path: string): string | undefined => {
    const contents = fileRead(path);
    return contents && Buffer.from(contents).toString("utf8");
  },
  xs_arguments: (): string[] => [...scriptArguments],
  xs_exit: (code: number): never => process.exit(code),
  xs_print: (line: string): void => {
    process.stdout.write(`${line}\n`);
  },
  xs_tell: (event: object): void => {
    process.stdout.write(`${JSON.stringify(event)}\n`);
  },
  xs_report: (line: string): void => {
    process.stderr.write(`${line}\n`);
  },
  xs_engine: (): string => `node ${process.versions.node}`,
  xs_computrons: (): number => 0,
  xs_heap_restart: (): void => {},
  xs_heap_slots: (): number => 0,
  xs_heap_chunks: (): number => 0,
};

/** Makes `native` global, as XS has it. */
export function installNatives(): void {
  Object.assign(globalThis, {
    native(name: string): unknown {
      if (!Object.hasOwn(natives, name)) throw new TypeError(`native: this board has no ${name}`);
      return Reflect.get(natives, name);
    },
  });
}

/** Ends as the engine's host does: the exception with its stack, and code 70. */
function endUncaught(what: string, error: unknown): never {
  process.stderr.write(`${what}: ${error instanceof Error ? error.stack : error}\n`);
  process.exit(70);
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(resolve(process.argv[1])).href) {
  if (process.argv[2] === undefined) {
    process.stderr.write("usage: node node.js module.js [arguments]\n");
    process.exit(64);
  }
  process.on("uncaughtException", (error) => endUncaught("uncaught", error));
  process.on("unhandledRejection", (error) => endUncaught("unhandled rejection", error));
  installNatives();
  await import(pathToFileURL(resolve(process.argv[2])).href);
}
