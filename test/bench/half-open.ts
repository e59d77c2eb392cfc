/**
 * What 100,000 half-open exchanges leave at a Responder, at a third party and at a gateway: what each keeps, its heap
 * after a collection, and the bytes of its store.
 *
 *   node dist/test/bench/half-open.js [--count N] [--json]
 *
 * The limits are those that the programs have; RSA is none, and the store is LMDB in a folder that is gone afterwards.
 */

import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { openLmdbStore } from "../../host/store/lmdb.js";
import type { Store } from "../../host/store/store.js";
import { FileVault } from "../../host/third-party/vault.js";
import { crowd as crowdAtGateway } from "../host/gateway/crowd.js";
import { heapInUse } from "../host/heap.js";
import { crowd } from "../host/responder/crowd.js";
import { crowd as crowdAtThirdParty } from "../host/third-party/crowd.js";

const { values } = parseArgs({
  options: { count: { type: "string", default: "100000" }, json: { type: "boolean", default: false } },
});
const count = Number(values.count);

/** What a party keeps, by name. */
type Kept = Readonly<Record<string, number>>;

async function measured(
  name: string,
  run: (store: Store, full: () => void, folder: string) => Promise<Kept>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "symbolon-half-open-"));
  try {
    const store = await openLmdbStore(join(folder, "state"));
    const before = heapInUse();
    let full = 0;
    let bytes = 0;
    const began = performance.now();
    const onFull = () => {
      full = heapInUse();
      bytes = statSync(join(folder, "state/data.mdb")).size;
    };
    const kept = await run(store, onFull, folder);
    const seconds = Math.round((performance.now() - began) / 1000);
    await store.close();
    // Sockets close in a turn of their own.
    await sleep(1_000);
    const figures = {
      ...{ party: name, halfOpen: count, ...kept },
      heap: ratio(full, before),
      heapAfter: ratio(heapInUse(), before),
      ...{ storeBytes: bytes, seconds },
    };
    if (values.json) console.log(JSON.stringify(figures));
    else
      console.log(
        Object.entries(figures)
          .map(([key, value]) => `${key} ${value}`)
          .join("  "),
      );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function ratio(now: number, before: number): string {
  return `${(now / before).toFixed(2)} of ${(before / 1e6).toFixed(1)} MB`;
}

const entries = (store: Store, table: string) => store.table(table).entries().length;

await measured("Responder, one hostile third party", async (store, full) => {
  let kept: Kept = {};
  const { agreed, honest } = await crowd({
    ...{ store, count, every: 500, from: () => 1 },
    sensor: (i) => ({ name: `s-${i}`, t: 1 }),
    onFull() {
      full();
      kept = { open: entries(store, "open"), remembered: entries(store, "replays") };
    },
  });
  return { ...kept, honest, agreed };
});

await measured("Responder, many hostile sensors", async (store, full) => {
  let kept: Kept = {};
  const { agreed, honest } = await crowd({
    ...{ store, count, every: 500, from: (i) => 1 + (i % 3) },
    sensor: (i) => ({ name: `s-${i}`, t: 1 }),
    onFull() {
      full();
      kept = { open: entries(store, "open"), remembered: entries(store, "replays") };
    },
  });
  return { ...kept, honest, agreed };
});

await measured("third party, its Responder away", async (store, full, folder) => {
  const vault = new FileVault(join(folder, "vault"));
  let open = 0;
  const { honest, served } = await crowdAtThirdParty({
    ...{ store, vault, count, every: 500 },
    sensor: (i) => ({ name: `s-${i}`, t: 1 }),
    onFull() {
      full();
      const accepted = store.table<{ open?: unknown }>("accepted").entries();
      open = accepted.filter(([, record]) => record.open !== undefined).length;
    },
  });
  vault.close();
  return { open, sensors: entries(store, "keys"), honest, served };
});

await measured("gateway, one of two third parties away", async (store, full) => {
  let mailboxes = 0;
  const { opened, sockets } = await crowdAtGateway({
    ...{ store, count, sensors: Math.ceil(count / 10) },
    onFull() {
      full();
      mailboxes = entries(store, "mailboxes");
    },
  });
  return { opened, mailboxes, sockets };
});
