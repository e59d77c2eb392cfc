/**
 * The memory of a child process, as Linux lets its parent read it (proc(5): /proc/PID/maps, /proc/PID/mem): heap, stacks,
 * buffers, and whatever else is the process's own. Files that it has mapped are on the disk.
 */

import { closeSync, openSync, readFileSync, readSync } from "node:fs";

/** Bytes that are read at a time; so many of the one before are repeated, for what lies across. */
const CHUNK = 256 * 1024;
const OVERLAP = 256;

/** Memory that can't be read here; the message says why. */
export class MemoryError extends Error {
  override readonly name = "MemoryError";
}

/**
 * What is in it, piece by piece, but for pieces of zeros only. Throws a MemoryError where the system does not allow it, or
 * is not Linux; what the process gives back meanwhile is left out.
 */
export function* processMemory(pid: number): Generator<Uint8Array> {
  const zeros = Buffer.alloc(CHUNK);
  const [regions, memory] = open(pid);
  try {
    for (const [start, end] of regions) {
      let rest: Buffer = Buffer.alloc(0);
      let chunk: Buffer | undefined;
      for (let at = start; at < end; at += chunk.length) {
        chunk = read(memory, at, Math.min(CHUNK, end - at));
        if (chunk === undefined) break;
        if (!chunk.equals(zeros.subarray(0, chunk.length))) yield Buffer.concat([rest, chunk]);
        rest = chunk.subarray(-OVERLAP);
      }
    }
  } finally {
    closeSync(memory);
  }
}

function open(pid: number): [regions: [start: number, end: number][], memory: number] {
  try {
    return [regionsOf(readFileSync(`/proc/${pid}/maps`, "utf8")), openSync(`/proc/${pid}/mem`, "r")];
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new MemoryError(`the memory of process ${pid} can't be read (${code ?? message})`, {
      cause: error,
    });
  }
}

/** Private regions that can be read: anonymous ones, and what of files was made to be changed. */
function regionsOf(maps: string): [start: number, end: number][] {
  return maps.split("\n").flatMap((line): [number, number][] => {
    const [, start, end, rights, inode, name] =
      /^([0-9a-f]+)-([0-9a-f]+) (\S{4}) \S+ \S+ (\d+) *(.*)$/.exec(line) ?? [];
    // The kernel's own pages are not the process's.
    if (rights === undefined || !/^r..p$/.test(rights) || name.startsWith("[v")) return [];
    if (rights[1] !== "w" && inode !== "0") return [];
    return [[Number.parseInt(start, 16), Number.parseInt(end, 16)]];
  });
}

/** Undefined when it is no longer there. */
function read(memory: number, at: number, length: number): Buffer | undefined {
  const buffer = Buffer.alloc(length);
  try {
    const count = readSync(memory, buffer, 0, length, at);
    return count === 0 ? undefined : buffer.subarray(0, count);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "EIO" || code === "EFAULT") return undefined;
    throw new MemoryError(`memory can't be read (${code ?? message})`, { cause: error });
  }
}
