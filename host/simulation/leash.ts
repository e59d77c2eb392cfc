/**
 * Loaded into every process of a simulation before its own program (`node --import`): the process ends when
 * the simulation does, however that ended, for then the pipe on its standard input closes.
 */

const GRACE_MS = 2000;

process.stdin.once("close", () => {
  process.kill(process.pid, "SIGTERM");
  setTimeout(() => process.kill(process.pid, "SIGKILL"), GRACE_MS).unref();
});
process.stdin.resume();
// The leash alone keeps nothing running.
(process.stdin as Partial<import("node:net").Socket>).unref?.();
