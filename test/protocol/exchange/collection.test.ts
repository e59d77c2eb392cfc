import fc from "fast-check";
import { CollectingGroup, groupName, isShareOf } from "../../../protocol/exchange/collection.js";
import type { ForwardedShare } from "../../../protocol/exchange/forward-message.js";
import type { Session } from "../../../protocol/exchange/session.js";
import { ErrorNumbers } from "../../../protocol/mikey/numbers.js";
import { suiteByName } from "../../../protocol/mikey/suites.js";
import { multiply } from "../../../protocol/shares/field.js";
import { deepEqual, equal, match, ok, throws } from "../../support/assert.js";
import { primitives } from "../../support/primitives.js";
import {
  acceptForward,
  acceptShare,
  begin,
  deliver,
  forward,
  freshness,
  groupOf,
  identity,
  material,
  policyOf,
} from "./parties.js";
import { refuses } from "./refusals.js";

const policy = policyOf(3, 2, 6);
const waiting = begin(policy);
const shares = waiting.messages.map((message, i) => deliver(policy, i + 1, message));
const [a, b, c, d, e] = shares;
const name = (share: { session: Session; checkValue: Uint8Array }) => groupName(primitives, share);

/** Collects shares in the groups that their names say, as a Responder does. */
function collect(all: readonly ForwardedShare[]): Map<string, CollectingGroup> {
  const groups = new Map<string, CollectingGroup>();
  for (const share of all) {
    const group = groups.get(name(share)) ?? new CollectingGroup(share);
    groups.set(name(share), group);
    group.add(share);
  }
  return groups;
}

/** What a third party forwards that changes the share it was given. */
const lying = (x: number, changes: Partial<ForwardedShare>): ForwardedShare => {
  const accepted = acceptShare(policy, x, waiting.messages[x - 1]);
  return acceptForward(policy, forward(policy, x, { ...accepted, ...changes }).bytes);
};
const falseShare = (x: number) => lying(x, { share: material(`lie ${x}`, 16) });

describe("a group of shares", () => {
  it("counts to k, and then has the key", () => {
    const group = new CollectingGroup(a);
    const seen: number[][] = [];
    for (const share of [a, d, e]) {
      seen.push([group.count, group.missing]);
      equal(group.rebuild(primitives), undefined);
      group.add(share);
    }
    deepEqual(seen, [
      [0, 3],
      [1, 2],
      [2, 1],
    ]);
    deepEqual([group.count, group.missing], [3, 0]);
    const rebuilt = group.rebuild(primitives);
    ok(rebuilt);
    deepEqual(rebuilt.session, waiting.session);
    deepEqual(rebuilt.confirm(primitives, freshness).keys, waiting.provisionalKeys);
  });

  it("counts no third party twice, whatever it sends the second time", () => {
    const group = groupOf([a, a, falseShare(1), b]);
    deepEqual([group.count, group.missing], [2, 1]);
    equal(group.rebuild(primitives), undefined);
    group.add(c);
    deepEqual(group.rebuild(primitives)?.misfits, []);
  });

  it("is missing nothing above k", () => {
    deepEqual([groupOf(shares).count, groupOf(shares).missing], [6, 0]);
    deepEqual(groupOf(shares).rebuild(primitives)?.misfits, []);
  });

  it("keeps shares of its own: what it was given may be wiped", () => {
    const copy = { x: 1, share: a.share.slice() };
    const checkValue = a.checkValue.slice();
    const group = new CollectingGroup({ session: a.session, checkValue });
    group.add(copy);
    copy.share.fill(0);
    checkValue.fill(0);
    group.add(b);
    group.add(c);
    ok(group.rebuild(primitives));
  });

  it("forgets its shares once the key is there, and when it is abandoned", () => {
    const group = groupOf([a, b, c]);
    ok(group.rebuild(primitives));
    deepEqual([group.count, group.missing], [0, 3]);
    equal(group.rebuild(primitives), undefined);
    const other = groupOf([a, b, c]);
    other.abandon();
    deepEqual([other.count, other.rebuild(primitives)], [0, undefined]);
  });

  it("never gives a key that the check value does not vouch for", () => {
    for (const lies of [
      [falseShare(1), b, c],
      [a, b, falseShare(6)],
      [falseShare(1), falseShare(2), falseShare(3)],
    ]) {
      equal(groupOf(lies).rebuild(primitives), undefined);
    }
  });

  it("has the key and names who lied, whichever shares came first, while k are honest", () => {
    const position = fc.shuffledSubarray([1, 2, 3, 4, 5, 6], { minLength: 6 });
    const lies = [1, 2, 3, 4, 5, 6].map(falseShare);
    fc.assert(
      fc.property(position, fc.shuffledSubarray([1, 2, 3, 4, 5, 6], { maxLength: 6 }), (order, liars) => {
        const group = new CollectingGroup(a);
        let honest = 0;
        for (const [i, x] of order.entries()) {
          const lied = liars.includes(x);
          group.add(lied ? lies[x - 1] : shares[x - 1]);
          if (!lied) honest++;
          const rebuilt = group.rebuild(primitives);
          // The third honest share gives the key, however many lies came before it.
          equal(rebuilt !== undefined, honest === 3);
          if (rebuilt === undefined) continue;
          const before = order.slice(0, i + 1).filter((each) => liars.includes(each));
          deepEqual([...rebuilt.misfits].sort(), before.sort());
          deepEqual(rebuilt.confirm(primitives, freshness).keys, waiting.provisionalKeys);
          return;
        }
        ok(honest < 3);
      }),
      { numRuns: 25 },
    );
  });

  it("is not fooled by liars who move the polynomial and leave the TGK as it is, and names them", () => {
    // x · (x − 3) is 0 at the secret's x = 0 and at the share of the third: k − t + 1 = 2 liars fit with it.
    const moved = (x: number) => {
      const { share } = shares[x - 1];
      return lying(x, { share: share.map((byte) => byte ^ multiply(x, x ^ 3)) });
    };
    const group = groupOf([moved(1), moved(2), c]);
    equal(group.rebuild(primitives), undefined);
    group.add(d);
    equal(group.rebuild(primitives), undefined);
    group.add(e);
    const rebuilt = group.rebuild(primitives);
    ok(rebuilt);
    deepEqual([...rebuilt.misfits].sort(), [1, 2]);
    deepEqual(rebuilt.confirm(primitives, freshness).keys, waiting.provisionalKeys);
  });

  it("tries no more than its bound, and still decodes around the lies that this leaves", () => {
    const large = policyOf(8, 7, 18);
    const exchange = begin(large);
    const honest = exchange.messages.map((message, i) => deliver(large, i + 1, message));
    const after = (lies: number): CollectingGroup => {
      const group = new CollectingGroup(honest[0]);
      for (let x = 1; x <= lies; x++) group.add({ x, share: material(`lie ${x}`, 16) });
      for (const share of honest.slice(lies)) group.add(share);
      return group;
    };
    // Of 18 shares 5 lies are found by decoding; of the first 15, which are searched, 7.
    for (const lies of [5, 7]) {
      const expected = Array.from({ length: lies }, (_, i) => i + 1);
      deepEqual(after(lies).rebuild(primitives)?.misfits, expected);
    }
    equal(after(8).rebuild(primitives), undefined);
  });

  it("knows the share of each third party afterwards, and no other", () => {
    const rebuilt = groupOf([falseShare(5), a, b, c]).rebuild(primitives);
    ok(rebuilt);
    const isShare = (x: number, share: Uint8Array) =>
      isShareOf(primitives, name(a), { x, share }, rebuilt.shareDigests);
    for (const { x, share } of shares) {
      ok(isShare(x, share));
      equal(isShare(x, falseShare(x).share), false);
      equal(isShare((x % 6) + 1, share), false);
      equal(isShareOf(primitives, "another group", { x, share }, rebuilt.shareDigests), false);
    }
    equal(isShare(7, a.share), false);
    equal(isShare(0, a.share), false);
  });

  it("gives its key once only", () => {
    const rebuilt = groupOf([a, b, c]).rebuild(primitives);
    ok(rebuilt);
    rebuilt.confirm(primitives, freshness);
    throws(() => rebuilt.confirm(primitives, freshness), /TGK is forgotten/);
  });
});

describe("the groups of a Responder", () => {
  it("have the same name for all shares of a session", () => {
    equal(new Set(shares.map(name)).size, 1);
    match(name(a), /^[0-9a-f]{64}$/);
  });

  it("have another name for whatever differs", () => {
    const { session, checkValue } = a;
    const { sharing } = session;
    const others = [
      { session, checkValue: material("cv", 8) },
      ...[
        { sensor: identity("other") },
        { responder: identity("other") },
        { sensor: session.responder, responder: session.sensor },
        { sharing: { ...sharing, threshold: 2 } },
        { sharing: { ...sharing, privacy: 1 } },
        { sharing: { ...sharing, shares: 7 } },
        { suite: suiteByName("aes-ccm-128-8") },
        { t: 8 },
        { csbId: material("csb", 4) },
        { rand: material("rand", 16) },
      ].map((change) => ({ session: { ...session, ...change }, checkValue })),
    ];
    equal(new Set([a, ...others].map(name)).size, others.length + 1);
  });

  it("keep a share with another check value or context apart, which refuses nobody else's", () => {
    const liars = [
      lying(1, { checkValue: material("cv", 8) }),
      lying(2, { session: { ...waiting.session, csbId: material("csb", 4) } }),
      lying(6, { session: { ...waiting.session, rand: material("rand", 16) } }),
    ];
    const later = lying(1, { session: { ...waiting.session, t: 8 } });
    for (const order of [
      [...liars, later, c, d, e],
      [c, ...liars, d, later, e],
    ]) {
      const groups = collect(order);
      equal(groups.size, 5);
      const rebuilt = [...groups.values()].flatMap((group) => group.rebuild(primitives) ?? []);
      equal(rebuilt.length, 1);
      deepEqual(rebuilt[0].confirm(primitives, freshness).keys, waiting.provisionalKeys);
    }
  });

  it("give no key to k − 1 liars who bring one honest share into their group", () => {
    // They know their shares, not the honest one's polynomial: a check value of their own never holds.
    const checkValue = material("invented", 8);
    const group = groupOf([lying(1, { checkValue }), lying(2, { checkValue })]);
    group.add(c);
    equal(group.rebuild(primitives), undefined);
  });

  it("take no share whose k, t or n is not the policy's", () => {
    const { sharing } = waiting.session;
    for (const change of [{ threshold: 2 }, { privacy: 0 }, { shares: 5 }]) {
      const session = { ...waiting.session, sharing: { ...sharing, ...change } };
      refuses(() => lying(1, { session }), ErrorNumbers.share, /is not the enrolled/);
    }
  });
});
