/** How a bundle is cut into a part for each third party: with its lengths, and without reading it. */

import { concat } from "../bytes.js";
import { SHARE_LENGTH, type Sharing } from "../shares/points.js";
import { TAG_LENGTH } from "./bundle.js";

/** Uri-Path of third parties that take parts of bundles: POST /b/part. */
export const PART_PATH = "b/part";

/** Bytes of a bundle behind the common fields: shares of third parties t + 1 … n, and n tags. */
export function bundleTail({ privacy, shares }: Omit<Sharing, "threshold">): number {
  return (shares - privacy) * SHARE_LENGTH + shares * TAG_LENGTH;
}

/**
 * The parts of a whole bundle for third parties 1…n, in order: the common fields, the party's share unless it is one of
 * the first t, its tag.
 */
export function cutBundle(bytes: Uint8Array, sharing: Omit<Sharing, "threshold">): Uint8Array[] {
  const { privacy, shares } = sharing;
  const head = bytes.length - bundleTail(sharing);
  const tags = bytes.length - shares * TAG_LENGTH;
  const parts: Uint8Array[] = [];
  for (let i = 0; i < shares; i++) {
    const share = head + (i - privacy) * SHARE_LENGTH;
    const tag = tags + i * TAG_LENGTH;
    parts.push(
      concat(
        bytes.subarray(0, head),
        i < privacy ? new Uint8Array(0) : bytes.subarray(share, share + SHARE_LENGTH),
        bytes.subarray(tag, tag + TAG_LENGTH),
      ),
    );
  }
  return parts;
}
