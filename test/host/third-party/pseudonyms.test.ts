/** A third party and the parts of sensors that show it another name with each exchange. */

import assert from "node:assert/strict";
import type { RouteResponse } from "../../../host/coap/resources.js";
import type { PartyEvent } from "../../../host/events.js";
import { primitives, randomSource } from "../../../host/primitives.js";
import { MemoryStore } from "../../../host/store/memory.js";
import { LONGEST_JUMP } from "../../../host/third-party/keys.js";
import type { SensorEnrolment } from "../../../host/third-party/options.js";
import { ThirdParty } from "../../../host/third-party/third-party.js";
import { MemoryVault } from "../../../host/third-party/vault.js";
import { Codes, ContentFormats } from "../../../protocol/coap/numbers.js";
import { createBundle } from "../../../protocol/exchange/bundle.js";
import type { WaitingInitiator } from "../../../protocol/exchange/initiator.js";
import type { Policy } from "../../../protocol/exchange/policy.js";
import { withPseudonym } from "../../../protocol/exchange/pseudonym.js";
import { PseudonymousInitiator } from "../../../protocol/exchange/pseudonymous-initiator.js";
import { identityFromText } from "../../../protocol/mikey/identity.js";
import { begin, known, presented, soon, stated, type World, world } from "./world.js";

const NAME = "0x0011223344556677";

describe("third party, with pseudonyms", () => {
  let w: World;
  let policy: Policy;
  let enrolment: SensorEnrolment;
  const linkingKey = randomSource(16);
  const ends: (() => Promise<void>)[] = [];

  before(async function () {
    this.timeout(30_000);
    w = await world();
    policy = { ...w.policy, sensor: identityFromText(NAME), suite: "aes-ccm-128-8" };
    enrolment = {
      ...{ policy, start: { t: 1, keys: w.psks[1] }, statement: await stated(w.authority, policy) },
      pseudonyms: { linkingKey, responders: [w.hospital.identity] },
    };
  });
  afterEach(async () => {
    for (const end of ends.splice(0)) await end();
  });

  /** party-02, whose Responder is silent: it answers with a receipt at once. */
  function start(
    sensors: () => ReadonlyMap<string, SensorEnrolment>,
    store = new MemoryStore(),
    vault = new MemoryVault(),
  ) {
    const events: PartyEvent[] = [];
    const party = new ThirdParty({
      party: presented(w.parties[1]),
      sensor: (name) => sensors().get(name),
      sensors,
      bundled: () => [],
      responder: () => ({ ...known(w.hospital), address: "127.0.0.1:9" }),
      ...{ store, vault, deadline: 10, attempt: 10 },
      onEvent: (event) => void events.push(event),
    });
    ends.push(() => party.close());
    return { party, events };
  }
  const one = () => {
    const sensors = new Map([[NAME, enrolment]]);
    return () => sensors;
  };

  const hiding = (exchange: WaitingInitiator, key = linkingKey) => {
    const { session, nonce, messages } = exchange;
    const bundle = createBundle(session, nonce, messages, 0, [w.hospital.identity]);
    return new PseudonymousInitiator(exchange, policy, withPseudonym(primitives, bundle, key, session.t));
  };
  const exchangeOf = (t: number, key = linkingKey) => hiding(begin(w, t, { policy }), key);

  /** The answer is a receipt that the sensor takes for one of party-02. */
  async function receipt(
    exchange: PseudonymousInitiator,
    answer: RouteResponse | Promise<RouteResponse>,
  ): Promise<Uint8Array> {
    const { code, payload, contentFormat } = await soon(answer);
    assert.deepEqual([code, contentFormat, payload?.length], [Codes.changed, ContentFormats.octetStream, 8]);
    exchange.consumeVerification(2, payload as Uint8Array);
    return payload as Uint8Array;
  }

  /** Refused with a code and nothing beside it. */
  async function refused(answer: RouteResponse | Promise<RouteResponse>, code: number): Promise<void> {
    assert.deepEqual(await soon(answer), { code });
  }

  it("takes parts as they come, late ones and those after a gap, over a restart, and answers duplicates alike", async () => {
    const [store, vault] = [new MemoryStore(), new MemoryVault()];
    const sensors = one();
    for (const [i, t] of [5, 6, 4, 69, 70, 900].entries()) {
      const { party, events } = start(sensors, store, vault);
      const exchange = exchangeOf(t);
      const [, part] = exchange.messages;
      const answer = await receipt(exchange, party.receivePart("", part));
      assert.deepEqual(await receipt(exchange, party.receivePart("", part)), answer, `${t}`);
      const told = events
        .filter((event) => event.event === "message")
        .map(({ name, bytes }) => [name, bytes]);
      assert.deepEqual(told.at(-1), ["TP_I", 8]);
      if (i % 2 === 0) await party.close();
    }
  });

  it("refuses with a bare code, whatever is wrong", async () => {
    const { party, events } = start(one());
    const taken = exchangeOf(5);
    await receipt(taken, party.receivePart("", taken.messages[1]));
    events.length = 0;
    const [first, second, third] = exchangeOf(6).messages;
    const altered = second.slice();
    altered[altered.length - 1] ^= 1;
    const stranger = exchangeOf(6, randomSource(16)).messages[1];
    for (const [part, code] of [
      [first, Codes.forbidden],
      [third, Codes.unauthorized],
      [altered, Codes.unauthorized],
      [stranger, Codes.forbidden],
      [second.subarray(0, 20), Codes.badRequest],
      [second.subarray(0, second.length - 1), Codes.badRequest],
      [exchangeOf(5).messages[1], Codes.unauthorized],
      [exchangeOf(6 + LONGEST_JUMP).messages[1], Codes.forbidden],
    ] as const) {
      await refused(party.receivePart("", part), code);
    }
    assert.equal(events.filter(({ event }) => event === "refused").length, 8);
  });

  it("tells two sensors with one pseudonym by the MAC", async () => {
    const name = "0x8877665544332211";
    const other: SensorEnrolment = {
      ...{ ...enrolment, start: { t: 1, keys: randomSource(16) } },
      policy: { ...policy, sensor: identityFromText(name) },
    };
    const both: [string, SensorEnrolment][] = [
      [NAME, enrolment],
      [name, other],
    ];
    for (const sensors of [new Map(both), new Map([...both].reverse())]) {
      const { party } = start(() => sensors);
      const exchange = exchangeOf(3);
      await receipt(exchange, party.receivePart("", exchange.messages[1]));
    }
  });

  it("knows sensors that come, and forgets those that go or are enrolled anew", async () => {
    let sensors: ReadonlyMap<string, SensorEnrolment> = new Map();
    const { party } = start(() => sensors);
    const [, part] = exchangeOf(1).messages;
    await refused(party.receivePart("", part), Codes.forbidden);
    sensors = new Map([[NAME, enrolment]]);
    const exchange = exchangeOf(1);
    await receipt(exchange, party.receivePart("", exchange.messages[1]));
    const key = randomSource(16);
    sensors = new Map([
      [NAME, { ...enrolment, pseudonyms: { linkingKey: key, responders: [w.hospital.identity] } }],
    ]);
    await refused(party.receivePart("", exchangeOf(2).messages[1]), Codes.forbidden);
    const renewed = exchangeOf(2, key);
    await receipt(renewed, party.receivePart("", renewed.messages[1]));
    sensors = new Map();
    await refused(party.receivePart("", exchangeOf(3, key).messages[1]), Codes.forbidden);
  });

  it("goes on for others when the keys of one sensor are gone, and says so", async () => {
    const lost = "0x9999999999999999";
    const { start: _, ...keyless } = enrolment;
    const sensors = new Map<string, SensorEnrolment>([
      [lost, { ...keyless, policy: { ...policy, sensor: identityFromText(lost) } }],
      [NAME, enrolment],
    ]);
    const { party, events } = start(() => sensors);
    const exchange = exchangeOf(1);
    await receipt(exchange, party.receivePart("", exchange.messages[1]));
    const faults = events.flatMap((event) => (event.event === "fault" ? [event.where] : []));
    assert.equal(faults[0], lost);
  });
});
