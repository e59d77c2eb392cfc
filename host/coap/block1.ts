/** Request bodies that arrive in blocks (RFC 7959 §2.5), put together in bounded memory. */

import { type Block, blockSize } from "../../protocol/coap/block.js";
import { Codes } from "../../protocol/coap/numbers.js";

/** What became of a block: the whole body, a call for more, or the error code that ends the transfer. */
export type BlockOutcome =
  | { readonly kind: "complete"; readonly body: Uint8Array }
  | { readonly kind: "continue" }
  | { readonly kind: "refused"; readonly code: number };

interface Transfer {
  /** Room for the whole body when its size was announced; grows otherwise. */
  bytes: Uint8Array;
  length: number;
  until: number;
}

export class Block1Assembly {
  readonly #maxBody: number;
  readonly #maxTransfers: number;
  readonly #lifetime: number;
  /** By endpoint and resource, the one that was quiet for longest first. */
  readonly #transfers = new Map<string, Transfer>();

  /** `lifetime`: milliseconds that a transfer may pause. */
  constructor(maxBody: number, maxTransfers: number, lifetime: number) {
    this.#maxBody = maxBody;
    this.#maxTransfers = maxTransfers;
    this.#lifetime = lifetime;
  }

  /**
   * Takes one block of the transfer that `key` names. Blocks must come in order; when the room is taken, the
   * transfer that was quiet for longest gives way.
   */
  accept(
    now: number,
    key: string,
    block: Block,
    payload: Uint8Array,
    size1: number | undefined,
  ): BlockOutcome {
    const size = blockSize(block.szx);
    const offset = block.num * size;
    const transfer =
      offset === 0 ? { bytes: new Uint8Array(0), length: 0, until: 0 } : this.#transfers.get(key);
    this.#transfers.delete(key);
    if (transfer === undefined || transfer.length !== offset || (offset > 0 && transfer.until <= now)) {
      return { kind: "refused", code: Codes.requestEntityIncomplete };
    }
    // Only the last block may be shorter, and none is longer.
    if (payload.length > size || (block.more && payload.length < size)) {
      return { kind: "refused", code: Codes.badRequest };
    }
    const end = offset + payload.length;
    if (end > this.#maxBody || (size1 !== undefined && size1 > this.#maxBody)) {
      return { kind: "refused", code: Codes.requestEntityTooLarge };
    }
    if (!block.more && offset === 0) return { kind: "complete", body: payload };
    if (end > transfer.bytes.length) {
      const room = new Uint8Array(Math.min(this.#maxBody, Math.max(2 * end, size1 ?? 0)));
      room.set(transfer.bytes.subarray(0, offset));
      transfer.bytes = room;
    }
    transfer.bytes.set(payload, offset);
    transfer.length = end;
    if (!block.more) return { kind: "complete", body: transfer.bytes.subarray(0, end) };
    transfer.until = now + this.#lifetime;
    this.#makeRoom(now);
    this.#transfers.set(key, transfer);
    return { kind: "continue" };
  }

  #makeRoom(now: number): void {
    for (const [key, { until }] of this.#transfers) {
      if (until > now && this.#transfers.size < this.#maxTransfers) return;
      this.#transfers.delete(key);
    }
  }
}
