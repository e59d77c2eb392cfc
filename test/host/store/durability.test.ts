import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { openLmdbStore } from "../../../host/store/lmdb.js";
import { orderedKey } from "../../../host/store/store.js";
import { bodyOf, KEPT, WIDTH } from "./writer-layout.js";

const WRITER = fileURLToPath(new URL("writer.js", import.meta.url));
const KILLS = 30;

describe("store: durability", () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "symbolon-durability-"));
  });
  after(() => {
    rmSync(folder, { recursive: true });
  });

  it(`${KILLS} times killed in the middle: what was reported is there, and nothing half`, async function () {
    this.timeout(120_000);
    const state = join(folder, "state");
    let reached = 0;
    for (let round = 0; round < KILLS; round++) {
      // Some are killed while they open the store, the first ones while they make it.
      const reported = await writeUntilKilled(state, round % 4 === 0 ? undefined : (round * 7) % 40);
      const last = await check(state);
      assert.ok(last >= reported, `round ${round}: ${reported} was reported, ${last} is there`);
      assert.ok(last >= reached, `round ${round}: went back from ${reached} to ${last}`);
      reached = last;
    }
    assert.ok(reached > KILLS, `only ${reached} transactions in all: the test did not test`);
  });
});

/**
 * Starts a writer and kills it `delay` ms after its first word, or, without a delay, some time while it starts.
 * Returns the last transaction that it reported.
 */
async function writeUntilKilled(state: string, delay: number | undefined): Promise<number> {
  const writer = spawn(process.execPath, [WRITER, state], {
    stdio: ["ignore", "pipe", "pipe"],
    timeout: 20_000,
  });
  const exit = once(writer, "exit");
  const closed = once(writer, "close");
  let said = "";
  let complaint = "";
  writer.stdout.setEncoding("latin1").on("data", (chunk: string) => {
    said += chunk;
  });
  writer.stderr.setEncoding("latin1").on("data", (chunk: string) => {
    complaint += chunk;
  });
  if (delay === undefined) await sleep(40 + Math.floor(Math.random() * 150));
  else {
    await Promise.race([once(writer.stdout, "data"), exit]);
    await sleep(delay);
  }
  writer.kill("SIGKILL");
  const [, signal] = await exit;
  await closed;
  assert.equal(signal, "SIGKILL", complaint);
  return Number(said.split("\n").at(-2)) || 0;
}

/** Reads the state as a whole and returns the last transaction in it. */
async function check(state: string): Promise<number> {
  const store = await openLmdbStore(state);
  try {
    const last = store.table<number>("counter").get("last") ?? 0;
    const slots = store.table<number>("slots").entries();
    assert.deepEqual(slots, last === 0 ? [] : Array.from({ length: WIDTH }, (_, slot) => [`${slot}`, last]));
    const first = Math.max(1, last - KEPT + 1);
    const log = Array.from({ length: last - first + 1 }, (_, i) => [
      orderedKey(first + i),
      bodyOf(first + i),
    ]);
    assert.deepEqual(store.table<Uint8Array>("log").entries(), log);
    return last;
  } finally {
    await store.close();
  }
}
