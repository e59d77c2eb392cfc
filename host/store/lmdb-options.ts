/** How every process opens a store's LMDB environment and tables. */

import type { DatabaseOptions, RootDatabaseOptionsWithPath } from "lmdb";

/**
 * Durable on return: with overlappingSync, lmdb-js's default, a commit returns before its pages are on the disk.
 * Without it, and without noSync, noMetaSync, mapAsync or useWritemap, transactionSync is LMDB's own commit: the
 * pages are written and fdatasync'ed, then the meta page is written through a descriptor opened with O_DSYNC,
 * then it returns. LMDB never overwrites a page of the last committed state, so that there is nothing to repair
 * after a crash.
 */
export function lmdbOptions(folder: string): RootDatabaseOptionsWithPath {
  return { path: folder, noSubdir: false, overlappingSync: false, maxDbs: 64 };
}

/** MessagePack: JSON's values and byte arrays. Bytes are copied out of the mapped file. */
export const tableOptions: DatabaseOptions & { encoder: object } = {
  encoding: "msgpack",
  encoder: { copyBuffers: true, useRecords: false },
};
