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
  /** Who sends it (networkOf). */
  readonly network: string;
  /** Until when the next block may come, and the last one. */
  until: number;
  readonly end: number;
}

/** How often its pause a whole transfer may take: slow ones end, too. */
const LONGEST = 2;

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
   * Takes one block of the transfer that `key` names, of a sender in `network`. Blocks must come in order; when the room
   * is taken, the network that has the most transfers loses the one of them that was quiet for longest.
   */
  accept(
    now: number,
    network: string,
    key: string,
    block: Block,
    payload: Uint8Array,
    size1: number | undefined,
  ): BlockOutcome {
    const size = blockSize(block.szx);
    const offset = block.num * size;
    const transfer: Transfer | undefined =
      offset === 0
        ? { bytes: new Uint8Array(0), length: 0, network, until: 0, end: now + LONGEST * this.#lifetime }
        : this.#transfers.get(key);
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
    transfer.until = Math.min(now + this.#lifetime, transfer.end);
    this.#makeRoom(now);
    this.#transfers.set(key, transfer);
    return { kind: "continue" };
  }

  #makeRoom(now: number): void {
    const counts = new Map<string, number>();
    for (const [key, { until, network }] of this.#transfers) {
      if (until <= now) this.#transfers.delete(key);
      else counts.set(network, (counts.get(network) ?? 0) + 1);
    }
    if (this.#transfers.size < this.#maxTransfers) return;
    const most = Math.max(...counts.values());
    for (const [key, { network }] of this.#transfers) {
      if (counts.get(network) !== most) continue;
      this.#transfers.delete(key);
      return;
    }
  }
}
