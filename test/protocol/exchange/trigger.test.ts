/** Triggers: what third parties say, and what a sensor makes of it. */

import * as fc from "fast-check";
import { concat, fromHex, toHex } from "../../../protocol/bytes.js";
import {
  countVouchers,
  decodeTrigger,
  encodeTrigger,
  type TriggerClaim,
  triggerTag,
  type Voucher,
} from "../../../protocol/exchange/trigger.js";
import { deepEqual, equal, notEqual, throws } from "../../support/assert.js";
import { primitives } from "../../support/primitives.js";
import { identity, pskOf, responder, sensor } from "./parties.js";

const claim: TriggerClaim = { sensor, responder, t: 0x00010203, nonce: fromHex("e0e1e2e3e4e5e6e7") };
const psks = [1, 2, 3].map(pskOf);
const voucher = (x: number, of: TriggerClaim = claim): Voucher => ({
  x,
  tag: triggerTag(primitives, pskOf(x), of),
});
const count = (vouchers: readonly Voucher[], of: TriggerClaim = claim) =>
  countVouchers(primitives, of, vouchers, psks);

describe("a trigger", () => {
  it("has these bytes", () => {
    // HMAC of another implementation (node:crypto) over docs/protocol.md's fields by hand.
    const covered = [
      "73796d626f6c6f6e2d74726967676572",
      "02000873656e736f722d2d",
      "0200087365727665722d2d",
      "00010203",
      "e0e1e2e3e4e5e6e7",
    ].join("");
    const tag = primitives.hmac("sha-256", pskOf(1), fromHex(covered));
    equal(toHex(triggerTag(primitives, pskOf(1), claim)), toHex(tag).slice(0, 16));
    const psk = fromHex("000102030405060708090a0b0c0d0e0f");
    equal(toHex(triggerTag(primitives, psk, claim)), "9ef21eabf41e5a20");
    const vouchers = [
      { x: 1, tag: fromHex("a0a1a2a3a4a5a6a7") },
      { x: 3, tag: fromHex("b0b1b2b3b4b5b6b7") },
    ];
    const rest = "e0e1e2e3e4e5e6e70001020301a0a1a2a3a4a5a6a703b0b1b2b3b4b5b6b7";
    equal(toHex(encodeTrigger(claim, vouchers, [responder])), `00${rest}`);
    equal(toHex(encodeTrigger(claim, vouchers, [])), `ff09027365727665722d2d${rest}`);
  });

  it("reads back", () => {
    const anyTag = fc.uint8Array({ minLength: 8, maxLength: 8 });
    const anyVoucher = fc.tuple(fc.integer({ min: 1, max: 255 }), anyTag).map(([x, tag]) => ({ x, tag }));
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 2 ** 32 - 1 }),
        fc.array(anyVoucher, { maxLength: 8 }),
        fc.boolean(),
        (t, vouchers, listed) => {
          const bytes = encodeTrigger({ ...claim, t }, vouchers, listed ? [identity("a"), responder] : []);
          const expected = { responder: listed ? 1 : responder, nonce: claim.nonce, t, vouchers };
          deepEqual(decodeTrigger(bytes), expected);
        },
      ),
    );
  });

  it("is refused when its length does not fit", () => {
    for (const list of [[responder], []]) {
      const whole = encodeTrigger(claim, [voucher(1)], list);
      const head = whole.length - 9;
      for (let end = 0; end < whole.length; end++) {
        if (end !== head) throws(() => decodeTrigger(whole.subarray(0, end)), SyntaxError, `${end}`);
      }
      throws(() => decodeTrigger(concat(whole, 0)), SyntaxError);
    }
    throws(() => triggerTag(primitives, psks[0], { ...claim, nonce: new Uint8Array(7) }), RangeError);
  });

  it("counts third parties, each once, by tags that hold", () => {
    equal(count([voucher(1), voucher(2), voucher(3)]), 3);
    equal(count([voucher(2), voucher(2), voucher(2)]), 1);
    // A tag under another PSK, of nobody, or with one wrong bit.
    equal(count([{ ...voucher(1), x: 2 }]), 0);
    equal(
      count([
        { ...voucher(1), x: 0 },
        { ...voucher(1), x: 4 },
      ]),
      0,
    );
    const { tag } = voucher(3);
    tag[7] ^= 1;
    equal(count([voucher(1), { x: 3, tag }]), 1);
    equal(count([{ x: 1, tag: new Uint8Array(0) }]), 0);
    // The first word counts: nobody makes a sensor check for long.
    equal(count([{ x: 3, tag }, voucher(3)]), 0);
  });

  it("has tags for one sensor, Responder, T and nonce", () => {
    const other: TriggerClaim[] = [
      { ...claim, sensor: identity("another") },
      { ...claim, responder: identity("another") },
      { ...claim, sensor: responder, responder: sensor },
      { ...claim, t: claim.t + 1 },
      { ...claim, nonce: new Uint8Array(8) },
    ];
    for (const of of other) {
      equal(count([voucher(1, of)]), 0);
      notEqual(toHex(voucher(1, of).tag), toHex(voucher(1).tag));
    }
  });
});
