/**
 * A process that writes until it is killed, for the tests of durability. It says the number of each transaction on
 * standard output once the store has returned from it. Usage: node writer.js FOLDER
 *
 * Transaction i puts i under a counter, i into each of WIDTH slots, an entry of its own with a body that must
 * match it, and deletes the entry of transaction i − KEPT.
 */

import { writeSync } from "node:fs";
import { openLmdbStore } from "../../../host/store/lmdb.js";
import { orderedKey } from "../../../host/store/store.js";
import { bodyOf, KEPT, WIDTH } from "./writer-layout.js";

const store = await openLmdbStore(process.argv[2]);
const counter = store.table<number>("counter");
const slots = store.table<number>("slots");
const log = store.table<Uint8Array>("log");

writeSync(1, "open\n");
for (let i = (counter.get("last") ?? 0) + 1; ; i++) {
  store.transaction(() => {
    counter.put("last", i);
    for (let slot = 0; slot < WIDTH; slot++) slots.put(`${slot}`, i);
    log.put(orderedKey(i), bodyOf(i));
    if (i > KEPT) log.delete(orderedKey(i - KEPT));
  });
  writeSync(1, `${i}\n`);
}
