/** Where a Responder that runs takes orders: a Unix socket in its state, for its owner alone. */

import { join } from "node:path";
import { stateFolder } from "../own-folder.js";

/** Bytes of the longest path of a socket (unix(7): 108 with the zero at its end). */
const LONGEST_PATH = 107;

/** The socket of the Responder in a folder. Throws an Error when its path is too long for one. */
export function controlSocket(folder: string): string {
  const path = join(stateFolder(folder), "control.sock");
  const { length } = Buffer.from(path);
  if (length <= LONGEST_PATH) return path;
  throw new Error(`${path}: a socket's path has ${LONGEST_PATH} bytes at most, this one ${length}`);
}

/** Uri path of requests to sensors. */
export const REQUESTS_PATH = "/requests";

/** Uri path of what it says of exchanges. */
export const EXCHANGES_PATH = "/exchanges";

/** Seconds of the longest wait for an answer. */
export const LONGEST_WAIT = 604_800;
