/**
 * Which process a store belongs to. LMDB lets processes share a folder; a third party or a responder must not:
 * two that both answer for one sensor would each take the other's messages for replays.
 *
 * The owner writes a mark into the store itself, within a write transaction, which LMDB grants to one process
 * at a time. A mark outlives a process that was killed, so it also says when its process began.
 */

import { readFileSync } from "node:fs";

/** The mark of the process with that id, or undefined when there is no such process. */
export function processMark(pid: number): string | undefined {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM is a process of somebody else's, and alive.
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return undefined;
  }
  return `${pid} ${startTime(pid)}`;
}

/** The process that made `mark`, if it still runs: process ids come again, together with a start time they don't. */
export function livingOwner(mark: string): number | undefined {
  const pid = Number.parseInt(mark, 10);
  return pid > 0 && processMark(pid) === mark ? pid : undefined;
}

/** When a process began: ticks since boot, and which boot (proc(5)); empty where there is no /proc. */
function startTime(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim();
    // Field 22; the second field is a name in parentheses that may hold anything, spaces too.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return `${fields[22 - 3]} ${boot}`;
  } catch {
    // Not Linux, or /proc is closed to us: the process id alone has to do.
    return "";
  }
}
