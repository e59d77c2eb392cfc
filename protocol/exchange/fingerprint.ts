/** A name for keys that tells nothing of them. */

import { toHex } from "../bytes.js";
import type { Primitives } from "../primitives.js";
import type { ChannelKeys } from "./session.js";

/** What people and logs may see of a TEK: the first 16 bytes of its SHA-256, in hexadecimal. */
export function fingerprint(primitives: Primitives, { tek }: Pick<ChannelKeys, "tek">): string {
  return toHex(primitives.sha256(tek).subarray(0, 16));
}
