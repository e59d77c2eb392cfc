/**
 * Reads a store from end to end, in a process of its own: LMDB maps its file into memory and trusts it, so that a
 * file that was cut short ends the reader with SIGBUS or SIGSEGV. Exit 0 when all is there.
 *
 * Usage: node probe.js FOLDER
 */

import { open } from "lmdb";
import { lmdbOptions, tableOptions } from "./lmdb-options.js";

const root = open(lmdbOptions(process.argv[2]));
for (const name of [...root.getKeys()]) {
  if (typeof name !== "string") throw new TypeError("a table without a name");
  // A page that was overwritten can look empty: what a walk finds must be what the table says it has.
  const table = root.openDB(name, tableOptions);
  const { entryCount } = table.getStats() as { entryCount: number };
  let found = 0;
  for (const { key, value } of table.getRange()) {
    if (typeof key !== "string" || value === undefined) throw new TypeError(`table ${name}: not a value`);
    found++;
  }
  if (found !== entryCount) throw new RangeError(`table ${name}: ${found} of ${entryCount} entries`);
}
await root.close();
