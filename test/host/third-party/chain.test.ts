/**
 * The chain of PSKs between a sensor and its third parties, with the code of both ends: whatever is killed, lost,
 * repeated or forged, they find each other again with the next honest exchange, and what was is nowhere left.
 */

import assert from "node:assert/strict";
import { nextStep } from "../../../firmware/chain.js";
import type { Storage } from "../../../firmware/device.js";
import type { RouteResponse } from "../../../host/coap/resources.js";
import { primitives, randomSource } from "../../../host/primitives.js";
import { MemoryStore } from "../../../host/store/memory.js";
import type { Store } from "../../../host/store/store.js";
import { decodeKeys, LONGEST_JUMP, WINDOW } from "../../../host/third-party/keys.js";
import { ThirdParty } from "../../../host/third-party/third-party.js";
import { MemoryVault, type Vault } from "../../../host/third-party/vault.js";
import { ascii, equal, readUint } from "../../../protocol/bytes.js";
import { Codes } from "../../../protocol/coap/numbers.js";
import { nextPsk } from "../../../protocol/exchange/chain.js";
import { beginExchange, type WaitingInitiator } from "../../../protocol/exchange/initiator.js";
import { sharingOf } from "../../../protocol/exchange/policy.js";
import { referenceSteps } from "../../../protocol/exchange/reference-steps.js";
import { identityToText } from "../../../protocol/mikey/identity.js";
import { weightMatrix } from "../../../protocol/shares/weights.js";
import {
  forwardingParty,
  knownResponder,
  policyOf,
  pskOf,
  responder,
  statement,
} from "../../protocol/exchange/parties.js";

const POINTS = 500;

const steps = referenceSteps(primitives);
const policy = policyOf(2, 1, 2);
const weights = weightMatrix(sharingOf(policy));
const PARTIES = [1, 2];

/** The power is gone. */
class Killed extends Error {}

/** When a process dies: with which of its durable steps, and whether that still happens. */
class Fate {
  #dead = false;

  constructor(
    private steps = Number.POSITIVE_INFINITY,
    private readonly isLastDone = true,
  ) {}

  /** One durable step. */
  step<Result>(work: () => Result): Result {
    if (this.#dead) throw new Killed();
    if (this.steps-- > 0) return work();
    this.#dead = true;
    if (this.isLastDone) work();
    throw new Killed();
  }

  /** The process is over: nothing that it still does reaches anything. */
  end(): void {
    this.#dead = true;
  }
}

/** What a stolen third party has: all bytes that its disk ever held, and the keys that are left. */
class Disk {
  readonly store = new MemoryStore();
  readonly vault = new MemoryVault();
  /** Every state of the keys that was ever stored, as old pages would still have it. */
  readonly pages: { readonly place: number; readonly sealed: Uint8Array }[] = [];
  #places = 0;

  /** Both for one process. */
  lend(fate: Fate): { store: Store; vault: Vault } {
    const { store, vault } = this;
    const table: Store["table"] = (name) => {
      const own = store.table(name);
      if (name !== "keys") return own as never;
      return {
        ...own,
        name,
        get: (key: string) => own.get(key),
        entries: (range: never) => own.entries(range),
        delete: (key: string) => own.delete(key),
        put: (key: string, value: { place: number; sealed: Uint8Array }) => {
          this.pages.push(structuredClone(value));
          own.put(key, value);
        },
      } as never;
    };
    return {
      store: {
        table,
        transaction: (work) => fate.step(() => store.transaction(work)),
        close: () => Promise.resolve(),
      },
      vault: {
        put: () =>
          fate.step(() => {
            const made = vault.put();
            this.#places = Math.max(this.#places, made.place + 1);
            return made;
          }),
        get: (place) => vault.get(place),
        erase: (place) => fate.step(() => vault.erase(place)),
        keepOnly: (places) => fate.step(() => vault.keepOnly(places)),
        close: () => {},
      },
    };
  }

  /** All PSKs that who steals it can read. */
  readable(): Uint8Array[] {
    const keys = Array.from({ length: this.#places }, (_, place) => this.vault.get(place));
    const found: Uint8Array[] = [];
    for (const { sealed } of this.pages) {
      for (const key of keys) {
        const name = ascii(identityToText(policy.sensor));
        const bytes = primitives.ccmOpen(key, new Uint8Array(13), name, sealed, 16);
        if (bytes === undefined) continue;
        const { psk, skipped, open } = decodeKeys(bytes);
        found.push(psk, ...skipped.values(), ...[...open.values()].map((each) => each.psk));
      }
    }
    return found;
  }
}

/** A third party that lives again each time. */
class Party {
  readonly disk = new Disk();
  start: { t: number; keys: Uint8Array } | undefined;
  #fate = new Fate();
  #party: ThirdParty | undefined;

  constructor(readonly x: number) {
    this.start = { t: 1, keys: pskOf(x) };
  }

  /** Starts it, to die after so many durable steps. It may die of starting. */
  live(fate = new Fate()): void {
    this.#fate.end();
    this.#fate = fate;
    this.#party = undefined;
    const enrolment = () => ({
      policy,
      statement,
      ...(this.start && { start: { ...this.start, keys: this.start.keys.slice() } }),
      taken: () =>
        fate.step(() => {
          this.start = undefined;
        }),
    });
    this.#party = new ThirdParty({
      party: forwardingParty(policy.thirdParties[this.x - 1]),
      sensor: enrolment,
      bundled: () => [],
      responder: () => ({ ...knownResponder(), address: "127.0.0.1:1" }),
      ...this.disk.lend(fate),
      onEvent: () => {},
      // No Responder is asked: the answer is a receipt.
      deadline: 0,
      attempt: 0,
    });
  }

  /** Hands over a message; undefined when it died of it. */
  async receive(message: Uint8Array): Promise<RouteResponse | undefined> {
    try {
      if (this.#party === undefined) throw new Killed();
      return await this.#party.receive("", message);
    } catch (error) {
      if (error instanceof Killed) return undefined;
      throw error;
    }
  }

  /** Everything that it keeps. */
  kept(): unknown {
    const { store } = this.disk;
    return ["keys", "accepted"].map((name) => store.table(name).entries());
  }
}

class Sensor {
  stored: Uint8Array | undefined;
  first: Uint8Array[] | undefined = PARTIES.map(pskOf);

  /** Its next T. */
  get next(): number {
    return this.stored === undefined ? 1 : readUint(this.stored, 8, 4);
  }

  /** The next exchange; undefined when it died of beginning it. */
  begin(fate = new Fate()): WaitingInitiator | undefined {
    const storage: Storage = {
      read: () => this.stored?.slice(),
      write: (_, value) =>
        fate.step(() => {
          this.stored = value.slice();
        }),
    };
    const start = this.first && { t: 1, keys: this.first.map((key) => key.slice()) };
    const taken = () =>
      fate.step(() => {
        this.first = undefined;
      });
    try {
      const { t, psks } = nextStep({ primitives, steps, storage }, { policy, start, taken });
      const credentials = { policy, weights, psks };
      return beginExchange(steps, randomSource, credentials, responder, t);
    } catch (error) {
      if (error instanceof Killed) return undefined;
      throw error;
    }
  }
}

/** The same numbers each time (Marsaglia's xorshift32). */
function dice(seed: number): (sides: number) => number {
  let state = seed;
  return (sides) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % sides;
  };
}

/** PSKs of third party x from T 1 on, as far as they were asked for. */
const history = new Map<number, Uint8Array[]>();
function chain(x: number, t: number): Uint8Array[] {
  const keys = history.get(x) ?? [pskOf(x)];
  while (keys.length < t) keys.push(nextPsk(primitives, keys[keys.length - 1]));
  history.set(x, keys);
  return keys.slice(0, t);
}

/** A message of somebody without the keys, with any T. */
function forge(t: number): WaitingInitiator {
  const psks = policy.thirdParties.map(() => randomSource(16));
  return beginExchange(steps, randomSource, { policy, weights, psks }, responder, t);
}

/** One honest exchange: both third parties say, under the PSK of its T, that they took their share. */
async function agrees(sensor: Sensor, parties: readonly Party[], what: string): Promise<WaitingInitiator> {
  const exchange = sensor.begin();
  assert.ok(exchange);
  for (const party of parties) {
    const response = await party.receive(exchange.messages[party.x - 1]);
    assert.equal(response?.code, Codes.changed, `${what}: T ${exchange.session.t} at ${party.x}`);
    exchange.consumeVerification(party.x, response?.payload as Uint8Array);
  }
  return exchange;
}

describe("the chain of PSKs, both ends", () => {
  it(`holds at ${POINTS} points where somebody is killed, or a message lost, repeated, altered or forged`, async function () {
    this.timeout(120_000);
    const roll = dice(20_261_122);
    const sensor = new Sensor();
    const parties = PARTIES.map((x) => new Party(x));
    for (const party of parties) party.live();
    /** Messages that the network keeps, for later. */
    const held: { readonly x: number; readonly t: number; readonly bytes: Uint8Array }[] = [];
    const happened = new Map<string, number>();
    const count = (what: string) => happened.set(what, (happened.get(what) ?? 0) + 1);

    for (let point = 0; point < POINTS; point++) {
      const victim = parties[roll(2)];
      const { x } = victim;
      const after = roll(2) === 1;
      const what = ["sensor killed", "party killed", "lost", "repeated", "forged", "altered", "late"][
        roll(7)
      ];
      count(what);
      if (what === "sensor killed") {
        sensor.begin(new Fate(roll(2), after));
      } else if (what === "party killed") {
        // In the middle of an exchange, at any of its durable steps, or of starting again.
        let exchange = sensor.begin();
        assert.ok(exchange);
        for (let lives = 1 + roll(3); lives > 0; lives--) {
          try {
            victim.live(new Fate(roll(9), after));
          } catch (error) {
            if (!(error instanceof Killed)) throw error;
          }
          await victim.receive(exchange.messages[x - 1]);
        }
        victim.live();
        // The sensor is patient, or begins anew.
        if (roll(2) === 0) {
          const response = await victim.receive(exchange.messages[x - 1]);
          assert.equal(response?.code, Codes.changed, `point ${point}: T ${exchange.session.t} again`);
          exchange.consumeVerification(x, response?.payload as Uint8Array);
        } else exchange = undefined;
      } else if (what === "lost" || what === "late") {
        for (let losses = 1 + roll(what === "lost" ? 40 : 3); losses > 0; losses--) {
          const exchange = sensor.begin();
          assert.ok(exchange);
          held.push({ x, t: exchange.session.t, bytes: exchange.messages[x - 1] });
          const [other] = parties.filter((party) => party !== victim);
          if (roll(2) === 0) await other.receive(exchange.messages[other.x - 1]);
        }
      } else {
        const exchange = await agrees(sensor, parties, `point ${point}`);
        const { t } = exchange.session;
        const [bytes] = [exchange.messages[x - 1]];
        if (what === "repeated") {
          const first = await victim.receive(bytes);
          assert.deepEqual((await victim.receive(bytes))?.payload, first?.payload);
        } else {
          const before = victim.kept();
          const altered = bytes.slice();
          altered[bytes.length - 1 - roll(30)] ^= 1 << roll(8);
          const far = [-40, -1, 0, 1, 2, 33, LONGEST_JUMP, LONGEST_JUMP + 1, 2 ** 30][roll(9)];
          const bad = what === "altered" ? altered : forge(Math.max(1, t + far)).messages[x - 1];
          const response = await victim.receive(bad);
          assert.notEqual(response?.code, Codes.changed);
          assert.deepEqual(victim.kept(), before);
        }
      }
      // Some of what is late arrives.
      while (held.length > 60) held.shift();
      for (const message of held.splice(0, roll(3))) {
        const party = parties[message.x - 1];
        const response = await party.receive(message.bytes);
        const isInWindow = message.t >= sensor.next - 1 - WINDOW;
        if (isInWindow) assert.equal(response?.code, Codes.changed, `T ${message.t} came late`);
      }
      await agrees(sensor, parties, `point ${point}, after ${what}`);
    }
    for (const [what, times] of happened) assert.ok(times > 30, `${what}: ${times}`);

    // Nobody has what was: not the sensor, and of a third party's no key but those that it skipped.
    const t = sensor.next - 1;
    for (const party of parties) {
      await party.receive(new Uint8Array(1));
      const readable = party.disk.readable();
      const keys = chain(party.x, t + 1);
      assert.ok(readable.some((key) => equal(key, keys[t])));
      for (const key of readable) {
        const at = keys.findIndex((each) => equal(each, key)) + 1;
        assert.ok(at === t + 1 || (at >= t - WINDOW && at < t), `PSK of T ${at} of ${t} is left`);
      }
      const { stored } = sensor;
      const left = Buffer.from(stored as Uint8Array);
      keys.slice(0, t).forEach((key, i) => {
        assert.equal(left.indexOf(key), -1, `the sensor has its PSK of T ${i + 1}`);
      });
      assert.notEqual(left.indexOf(keys[t]), -1);
    }
    assert.equal(sensor.first, undefined);
  });

  it("says the same of a T that it has no key for as of a wrong MAC", async () => {
    const sensor = new Sensor();
    const party = new Party(1);
    party.live();
    const sent: WaitingInitiator[] = [];
    for (let i = 0; i < 40; i++) sent.push(await agrees(sensor, [party], "before"));
    const answers = await Promise.all(
      [1, 7, 8, 39, 40, 41, 40 + LONGEST_JUMP, 41 + LONGEST_JUMP, 2 ** 32 - 1].map((t) =>
        party.receive(forge(t).messages[0]),
      ),
    );
    for (const answer of answers) {
      assert.equal(answer?.code, Codes.unauthorized);
      // But for T and CSB ID, which the sender chose.
      assert.deepEqual(answer?.payload?.slice(16), answers[0]?.payload?.slice(16));
    }
    await agrees(sensor, [party], "afterwards");
  });

  it("finds a sensor again whose last 1,023 exchanges never came, and no further", async () => {
    for (const [lost, code] of [
      [LONGEST_JUMP - 1, Codes.changed],
      [LONGEST_JUMP, Codes.unauthorized],
    ]) {
      const sensor = new Sensor();
      const party = new Party(1);
      party.live();
      await agrees(sensor, [party], "first");
      for (let i = 0; i < lost; i++) {
        const psks = PARTIES.map((x) => chain(x, i + 3)[i + 2]);
        sensor.stored?.set(psks[0], 12);
        sensor.stored?.set(psks[1], 28);
        sensor.stored?.set([0, 0, (i + 3) >> 8, (i + 3) & 255], 8);
      }
      const exchange = sensor.begin();
      assert.ok(exchange);
      assert.equal((await party.receive(exchange.messages[0]))?.code, code);
    }
  });

  it("begins anew with a new enrolment, and the old one is over", async () => {
    const sensor = new Sensor();
    const party = new Party(1);
    party.live();
    for (let i = 0; i < 3; i++) await agrees(sensor, [party], "before");
    const old = sensor.begin();
    assert.ok(old);
    const again = ascii("eyJhbGciOiJFUzI1NiJ9.e31.BBBB");
    const key = randomSource(16);
    const events: string[] = [];
    const renewed = new ThirdParty({
      party: forwardingParty(policy.thirdParties[0]),
      sensor: () => ({ policy, statement: again, start: { t: 1_000_000, keys: key } }),
      bundled: () => [],
      responder: () => ({ ...knownResponder(), address: "127.0.0.1:1" }),
      ...party.disk.lend(new Fate()),
      onEvent: (event) => event.event === "refused" && events.push(event.reason),
      deadline: 0,
      attempt: 0,
    });
    const before = party.kept();
    assert.equal((await renewed.receive("", old.messages[0])).code, Codes.unauthorized);
    // Nobody who has no key of it begins it.
    assert.deepEqual(party.kept(), before);
    const credentials = { policy, weights, psks: [key, pskOf(2)] };
    const fresh = beginExchange(steps, randomSource, credentials, responder, 1_000_000);
    assert.equal((await renewed.receive("", fresh.messages[0])).code, Codes.changed);
    assert.equal(party.disk.store.table("accepted").entries().length, 1);
    assert.equal((await renewed.receive("", old.messages[0])).code, Codes.unauthorized);
    assert.match(events[events.length - 1], /T 4 is too old/);
    // A statement without a key goes on with the chain that there is.
    party.start = undefined;
    party.live();
    assert.equal((await party.receive(old.messages[0]))?.code, Codes.unauthorized);
    const later = { policy, weights, psks: policy.thirdParties.map(() => nextPsk(primitives, key)) };
    const more = beginExchange(steps, randomSource, later, responder, 1_000_001);
    assert.equal((await party.receive(more.messages[0]))?.code, Codes.changed);
  });
});
