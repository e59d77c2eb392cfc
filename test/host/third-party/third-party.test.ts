import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import type { RouteResponse } from "../../../host/coap/resources.js";
import { type CoapServer, startCoapServer } from "../../../host/coap/server.js";
import type { PartyEvent } from "../../../host/events.js";
import { primitives } from "../../../host/primitives.js";
import type { Responder } from "../../../host/responder/responder.js";
import { MemoryStore } from "../../../host/store/memory.js";
import type { Store } from "../../../host/store/store.js";
import { LONGEST_JUMP, WINDOW } from "../../../host/third-party/keys.js";
import type { SensorEnrolment, ThirdPartyOptions } from "../../../host/third-party/options.js";
import { ThirdParty } from "../../../host/third-party/third-party.js";
import { MemoryVault, type Vault } from "../../../host/third-party/vault.js";
import { Codes, ContentFormats } from "../../../protocol/coap/numbers.js";
import { createBundle } from "../../../protocol/exchange/bundle.js";
import { splitBundle } from "../../../protocol/exchange/bundle-parts.js";
import { fingerprint } from "../../../protocol/exchange/fingerprint.js";
import { readForwardMessage } from "../../../protocol/exchange/forward-message.js";
import { FinishedInitiator, type WaitingInitiator } from "../../../protocol/exchange/initiator.js";
import { refusalCode, refusalMessage } from "../../../protocol/exchange/over-coap.js";
import type { Policy } from "../../../protocol/exchange/policy.js";
import { identityFromText } from "../../../protocol/mikey/identity.js";
import { decodeMessage } from "../../../protocol/mikey/message.js";
import { DataTypes, type ErrorNumber, ErrorNumbers, PayloadTypes } from "../../../protocol/mikey/numbers.js";
import { stand } from "../responder/forwarding.js";
import { begin, contents, known, presented, soon, stated, type World, world } from "./world.js";

type Handler = (payload: Uint8Array, i: number) => RouteResponse | Promise<RouteResponse>;

/** A Responder's address, behind which the test says what happens. */
interface Script {
  readonly address: string;
  /** The TP_R that came, duplicates on the message layer left out. */
  readonly asked: Uint8Array[];
  close(): Promise<void>;
}

async function script(handler: Handler): Promise<Script> {
  const asked: Uint8Array[] = [];
  const server: CoapServer = await startCoapServer({
    routes: {
      mikey: {
        contentFormat: ContentFormats.mikey,
        handler: ({ payload }) => {
          asked.push(payload.slice());
          return handler(payload, asked.length - 1);
        },
      },
    },
    onError: (error) => assert.fail(error as Error),
  });
  return { address: server.address, asked, close: () => server.close() };
}

describe("third party", () => {
  let w: World;
  /** Each store has its own. */
  const vaults = new Map<Store, Vault>();
  const ends: (() => void | Promise<void>)[] = [];

  before(async function () {
    this.timeout(30_000);
    w = await world();
  });
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });

  async function scripted(handler: Handler): Promise<Script> {
    const made = await script(handler);
    ends.push(made.close);
    return made;
  }

  /** The real Responder, behind an address. */
  async function hospital(answer: (responder: Responder) => Handler): Promise<Script> {
    const { responder } = await stand(w, { hold: 300 });
    ends.push(() => responder.close());
    return scripted(answer(responder));
  }

  interface Started {
    readonly party: ThirdParty;
    readonly events: PartyEvent[];
    readonly store: Store;
    kept(): unknown;
  }

  function start(x: number, address: string, change: Partial<ThirdPartyOptions> = {}): Started {
    const events: PartyEvent[] = [];
    const store = change.store ?? new MemoryStore();
    const vault = vaults.get(store) ?? new MemoryVault();
    vaults.set(store, vault);
    const party = new ThirdParty({
      party: presented(w.parties[x - 1]),
      sensor: (name) =>
        name === "sensor01"
          ? { policy: w.policy, start: { t: 1, keys: w.psks[x - 1] }, statement: w.statement }
          : undefined,
      bundled: () => [],
      responder: (name) => (name === "hospital" ? { ...known(w.hospital), address } : undefined),
      store,
      vault,
      onEvent: (event) => events.push(event),
      deadline: 4_000,
      attempt: 1_000,
      ...change,
    });
    ends.push(() => party.close());
    return { party, events, store, kept: () => contents(store, "keys", "accepted") };
  }

  async function answerOf(response: RouteResponse | Promise<RouteResponse>): Promise<Uint8Array> {
    const { code, payload } = await soon(response);
    assert.equal(code, Codes.changed);
    return payload as Uint8Array;
  }

  /** What the sensor is after an answer of third party x. */
  async function heard(
    exchange: WaitingInitiator,
    x: number,
    response: RouteResponse | Promise<RouteResponse>,
  ) {
    return exchange.consumeVerification(x, await answerOf(response));
  }

  it("carries a share to the Responder and R_I back, and says so", async () => {
    const { address } = await hospital((responder) => (payload) => responder.receive("", payload));
    const exchange = begin(w, 1);
    const expected = fingerprint(primitives, exchange.provisionalKeys);
    const started = [1, 2, 3].map((x) => start(x, address));
    const responses = started.map(({ party }, i) => party.receive("", exchange.messages[i]));
    const finished = await heard(exchange, 3, responses[2]);
    assert.ok(finished instanceof FinishedInitiator);
    assert.equal(fingerprint(primitives, finished.keys), expected);
    await Promise.all(responses);
    started.forEach(({ events }, i) => {
      const from = `party-0${i + 1}`;
      assert.deepEqual(
        events.map((event) => event.event === "message" && [event.name, event.from, event.to, event.sensor]),
        [
          ["TP_R", from, "hospital", "sensor01"],
          ["TP_I", from, "sensor01", "sensor01"],
        ],
      );
    });
  });

  describe("with parts of bundles", () => {
    let policy: Policy;
    let enrolment: SensorEnrolment;
    const other = () => ({ ...enrolment, start: { t: 1, keys: w.psks[2] } });

    before(async () => {
      policy = { ...w.policy, suite: "aes-ccm-128-8" };
      enrolment = {
        ...{ policy, start: { t: 1, keys: w.psks[1] }, statement: await stated(w.authority, policy) },
        gateway: { handle: 7, responders: [w.hospital.identity] },
      };
    });

    const parts = (exchange: WaitingInitiator, handle = 7) => {
      const { session, nonce, messages } = exchange;
      const bundle = createBundle(session, nonce, messages, handle, [w.hospital.identity]);
      return splitBundle(bundle, { privacy: 1, shares: 3 });
    };
    const second = (candidates: () => readonly SensorEnrolment[]) =>
      start(2, "127.0.0.1:9", {
        sensor: () => enrolment,
        bundled: (handle) => (handle === 7 ? candidates() : []),
        deadline: 10,
      });

    it("takes a part for the I_TP that it stands for, whichever came first", async () => {
      const exchange = begin(w, 5, { policy });
      const { party, kept } = second(() => [enrolment]);
      await heard(exchange, 2, party.receivePart("", parts(exchange)[1]));
      const state = kept();
      await heard(exchange, 2, party.receive("", exchange.messages[1]));
      await heard(exchange, 2, party.receivePart("", parts(exchange)[1]));
      assert.deepEqual(kept(), state);
    });

    it("finds the sensor among several with one handle by its MAC", async () => {
      const exchange = begin(w, 5, { policy });
      const { party } = second(() => [other(), enrolment, other()]);
      await heard(exchange, 2, party.receivePart("", parts(exchange)[1]));
    });

    it("refuses parts of strangers, of others, for others, and of a T that can't be new", async () => {
      const { party, events, kept } = second(() => [enrolment, other()]);
      await party.receivePart("", parts(begin(w, 5, { policy }))[1]);
      const state = kept();
      events.length = 0;
      const exchange = begin(w, 6, { policy });
      const altered = parts(exchange)[1];
      altered[altered.length - 1] ^= 1;
      for (const [part, code] of [
        [parts(exchange, 8)[1], Codes.forbidden],
        [parts(exchange)[0], Codes.forbidden],
        [parts(exchange)[2], Codes.unauthorized],
        [altered, Codes.unauthorized],
        [altered.subarray(1), Codes.badRequest],
        [parts(begin(w, 5, { policy }))[1], Codes.unauthorized],
        [parts(begin(w, 6 + LONGEST_JUMP, { policy }))[1], Codes.unauthorized],
      ] as const) {
        assert.equal((await party.receivePart("", part)).code, code);
      }
      assert.equal(events.filter(({ event }) => event === "refused").length, 7);
      assert.deepEqual(kept(), state);
    });
  });

  describe("refuses", () => {
    let started: Started;
    let asked: Uint8Array[];

    beforeEach(async () => {
      const made = await scripted(() => ({ code: Codes.serviceUnavailable }));
      asked = made.asked;
      started = start(1, made.address);
    });

    /** Refused by that ERR and nothing else, with the reason in the log; nothing is kept, nobody asked. */
    function refuses(bytes: Uint8Array, error: ErrorNumber, reason: RegExp): void {
      const { party, events, kept } = started;
      const before = kept();
      const before1 = asked.length;
      events.length = 0;
      const answer = party.receive("192.0.2.7:5683", bytes);
      assert.ok(!(answer instanceof Promise));
      assert.equal(events.length, 1);
      const [event] = events;
      assert.ok(event.event === "refused");
      assert.deepEqual(
        [event.message, event.from, event.error],
        ["I_TP", "192.0.2.7:5683", error],
        event.reason,
      );
      assert.match(event.reason, reason);
      assert.deepEqual(kept(), before);
      assert.equal(asked.length, before1);
      assert.equal(answer.code, refusalCode(error));
      const message = decodeMessage(answer.payload as Uint8Array);
      assert.equal(message.header.dataType, DataTypes.error);
      assert.deepEqual(
        message.payloads.map(({ type }) => type),
        [PayloadTypes.T, PayloadTypes.ERR],
      );
      assert.deepEqual(message.payloads[1], { type: PayloadTypes.ERR, error });
    }

    /** Has a T accepted. */
    function accepts(t: number): WaitingInitiator {
      const exchange = begin(w, t);
      assert.ok(started.party.receive("", exchange.messages[0]) instanceof Promise);
      return exchange;
    }

    it("a wrong PSK", () => {
      refuses(begin(w, 1).messages[1], ErrorNumbers.authentication, /./);
      accepts(1);
    });

    it("a wrong MAC: any byte altered, whatever it means", () => {
      const [message] = begin(w, 1).messages;
      const outcomes = new Map<number, number>();
      for (let i = 0; i < message.length; i++) {
        const altered = message.slice();
        altered[i] ^= 1;
        const before = started.kept();
        started.events.length = 0;
        const answer = started.party.receive("", altered);
        const [event] = started.events;
        assert.ok(!(answer instanceof Promise) && event.event === "refused", `byte ${i}`);
        assert.deepEqual(started.kept(), before);
        outcomes.set(event.error as number, (outcomes.get(event.error as number) ?? 0) + 1);
      }
      // T, RAND, CSB ID, Responder, sharing, check value, share and tag are nothing but MAC-covered bytes.
      assert.ok((outcomes.get(ErrorNumbers.authentication) ?? 0) > 60, `${[...outcomes]}`);
      accepts(1);
    });

    it("a replayed T, with other bytes or behind the window", () => {
      accepts(100);
      refuses(begin(w, 100).messages[0], ErrorNumbers.authentication, /T 100 is seen/);
      const exchange = accepts(100 + WINDOW);
      refuses(begin(w, 99).messages[0], ErrorNumbers.authentication, /T 99 is too old/);
      refuses(begin(w, 100).messages[0], ErrorNumbers.authentication, /T 100 is seen/);
      refuses(Uint8Array.of(...exchange.messages[0], 0), ErrorNumbers.authentication, /T 132 is seen/);
      accepts(101);
    });

    it("T too far ahead", () => {
      accepts(5);
      refuses(begin(w, 6 + LONGEST_JUMP).messages[0], ErrorNumbers.authentication, /is too far ahead/);
      accepts(5 + LONGEST_JUMP);
    });

    it("bytes behind the message", () =>
      refuses(Uint8Array.of(...begin(w, 1).messages[0], 0), ErrorNumbers.authentication, /behind the last/));

    it("a Responder that it does not know", () => {
      const exchange = begin(w, 1, { responder: identityFromText("elsewhere") });
      refuses(exchange.messages[0], ErrorNumbers.unreachable, /Responder elsewhere is not known here/);
      accepts(1);
    });

    it("a sensor that is not enrolled", () => {
      const exchange = begin(w, 1, { policy: { ...w.policy, sensor: identityFromText("sensor02") } });
      refuses(exchange.messages[0], ErrorNumbers.identity, /sensor sensor02 is not enrolled here/);
    });

    const fourth = identityFromText("party-04");
    for (const [what, change, error] of [
      ["k", { threshold: 3, privacy: 1 }, ErrorNumbers.share],
      ["t", { privacy: 0 }, ErrorNumbers.share],
      ["suite", { suite: "aes-ccm-128-8" }, ErrorNumbers.encryption],
      ["k < 2", { threshold: 1, privacy: 0 }, ErrorNumbers.share],
    ] as const) {
      it(`${what} that differs from the enrolment`, () => {
        const policy: Policy = { ...w.policy, ...change };
        const reason = what === "k < 2" ? /threshold 1 is below 2/ : /is not the enrolled/;
        refuses(begin(w, 1, { policy }).messages[0], error, reason);
        accepts(1);
      });
    }

    it("n that differs from the enrolment", () => {
      const policy = { ...w.policy, thirdParties: [...w.policy.thirdParties, fourth] };
      refuses(begin(w, 1, { policy }).messages[0], ErrorNumbers.share, /number of third parties 4/);
    });

    it("a message of another kind", () => {
      const error = refusalMessage(begin(w, 1).messages[0], ErrorNumbers.unspecified);
      refuses(error, ErrorNumbers.dataType, /data type/);
    });

    it("any truncation", () => {
      const [message] = begin(w, 1).messages;
      const before = started.kept();
      for (let length = 0; length < message.length; length++) {
        const { code, payload } = started.party.receive("", message.slice(0, length)) as RouteResponse;
        assert.equal(code, refusalCode(ErrorNumbers.unspecified), `${length}`);
        assert.equal(payload, undefined);
      }
      assert.deepEqual(started.kept(), before);
      assert.deepEqual(asked, []);
    });
  });

  describe("duplicates", () => {
    it("get the same answer and are forwarded once", async () => {
      const other = begin(w, 1);
      const { address, asked } = await hospital((responder) => async (payload) => {
        await sleep(50);
        return responder.receive("", payload);
      });
      const [one, two] = [start(1, address), start(2, address)];
      const [first, second] = other.messages;
      const early = [one.party.receive("", first), one.party.receive("", first)];
      await sleep(20);
      early.push(one.party.receive("", first), two.party.receive("", second));
      const [answer, ...others] = await Promise.all(early.slice(0, 3).map(answerOf));
      for (const it of others) assert.deepEqual(it, answer);
      assert.deepEqual(await answerOf(one.party.receive("", first)), answer);
      assert.ok((await heard(other, 1, one.party.receive("", first))) instanceof FinishedInitiator);
      await early[3];
      assert.equal(asked.length, 2);
      assert.equal(one.events.length, 2);
      const again = start(1, address, { store: one.store });
      assert.deepEqual(await answerOf(again.party.receive("", first)), answer);
      assert.equal(asked.length, 2);
    });
  });

  describe("the Responder's answers", () => {
    it("without R_I: a receipt, now and later", async () => {
      const { address, asked } = await hospital((responder) => (payload) => responder.receive("", payload));
      const { party } = start(1, address);
      const exchange = begin(w, 1);
      assert.equal(await heard(exchange, 1, party.receive("", exchange.messages[0])), exchange);
      assert.equal(await heard(exchange, 1, party.receive("", exchange.messages[0])), exchange);
      assert.equal(asked.length, 1);
    });

    it("an ERR ends the question, and only the log tells it", async () => {
      const { address, asked } = await scripted((payload) => ({
        code: refusalCode(ErrorNumbers.certificate),
        payload: refusalMessage(payload, ErrorNumbers.certificate),
        contentFormat: ContentFormats.mikey,
      }));
      const { party, events } = start(1, address);
      const exchange = begin(w, 1);
      assert.equal(await heard(exchange, 1, party.receive("", exchange.messages[0])), exchange);
      assert.equal(asked.length, 1);
      assert.deepEqual(events[1], {
        event: "refused",
        message: "R_TP",
        from: "hospital",
        error: ErrorNumbers.certificate,
        reason: "Certificate not supported (4.03)",
      });
    });

    it("what is no answer is asked again: overload, a cut transfer, a forgery", async () => {
      const { address, asked } = await hospital((responder) => async (payload, i) => {
        if (i === 0) return { code: Codes.serviceUnavailable };
        if (i === 1) return { code: Codes.requestEntityIncomplete };
        const answer = await responder.receive("", payload);
        if (i > 2) return answer;
        const forged = (answer.payload as Uint8Array).slice();
        forged[forged.length - 1] ^= 1;
        return { ...answer, payload: forged };
      });
      const { party, events } = start(1, address);
      const exchange = begin(w, 1);
      assert.equal(await heard(exchange, 1, party.receive("", exchange.messages[0])), exchange);
      assert.equal(asked.length, 4);
      for (const other of asked) assert.deepEqual(other, asked[0]);
      assert.deepEqual(
        events.map((event) => event.event === "refused" && [event.message, event.error]),
        [false, ["R_TP", null], ["R_TP", null], ["R_TP", 0], false],
      );
    });

    it("none: asked until the deadline, then a receipt, and the log says why", async () => {
      const { address, asked } = await scripted(() => new Promise(() => {}));
      const { party, events, store } = start(1, address, { deadline: 1_500, attempt: 400 });
      const exchange = begin(w, 1);
      const began = performance.now();
      assert.equal(await heard(exchange, 1, party.receive("", exchange.messages[0])), exchange);
      const took = performance.now() - began;
      assert.ok(took > 1_300 && took < 2_500, `${took}`);
      assert.equal(asked.length, 3);
      const fault = events.find((event) => event.event === "fault");
      assert.match(fault?.reason ?? "", /no answer about sensor01 T 1: .*deadline/);
      const [[, record]] = store.table<{ open?: unknown; answer?: unknown }>("accepted").entries();
      assert.equal(record.open, undefined);
      assert.ok(record.answer);
    });

    it("nobody there", async () => {
      const { address, close } = await script(() => ({ code: Codes.changed }));
      await close();
      const { party, events } = start(1, address, { deadline: 700 });
      const exchange = begin(w, 1);
      assert.equal(await heard(exchange, 1, party.receive("", exchange.messages[0])), exchange);
      const fault = events.find((event) => event.event === "fault");
      assert.match(fault?.reason ?? "", /refused/);
    });
  });

  describe("restarts", () => {
    it("go on asking with the same bytes, and a duplicate gets R_I", async () => {
      let up = false;
      const { address, asked } = await hospital((responder) => (payload) => {
        return up ? responder.receive("", payload) : new Promise<RouteResponse>(() => {});
      });
      const before = start(1, address);
      const exchange = begin(w, 1);
      void before.party.receive("", exchange.messages[0]);
      await sleep(100);
      assert.equal(asked.length, 1);
      await before.party.close();
      up = true;
      const after = start(1, address, { store: before.store });
      const second = start(2, address);
      void second.party.receive("", exchange.messages[1]);
      const answer = after.party.receive("", exchange.messages[0]);
      assert.ok((await heard(exchange, 1, answer)) instanceof FinishedInitiator);
      assert.deepEqual(asked[1], asked[0]);
      assert.deepEqual(
        before.events.map((event) => event.event === "message" && event.name),
        ["TP_R"],
      );
    });

    it("give up what is past its deadline", async () => {
      const { address, asked } = await scripted(() => new Promise(() => {}));
      const before = start(1, address, { deadline: 300, attempt: 300 });
      const exchange = begin(w, 1);
      void before.party.receive("", exchange.messages[0]);
      await sleep(50);
      await before.party.close();
      await sleep(300);
      const after = start(1, address, { store: before.store });
      assert.equal(await heard(exchange, 1, after.party.receive("", exchange.messages[0])), exchange);
      assert.equal(asked.length, 1);
    });

    it("accept no T again", async () => {
      const { address } = await scripted(() => ({ code: Codes.serviceUnavailable }));
      const before = start(1, address);
      for (const t of [10, 12, 50]) void before.party.receive("", begin(w, t).messages[0]);
      await before.party.close();
      const { party, events } = start(1, address, { store: before.store });
      for (const t of [10, 12, 50]) {
        assert.equal((party.receive("", begin(w, t).messages[0]) as RouteResponse).code, Codes.unauthorized);
      }
      assert.equal(events.filter(({ event }) => event === "refused").length, 3);
      assert.ok(party.receive("", begin(w, 49).messages[0]) instanceof Promise);
    });

    it("tell of what can't be taken up, and go on", async () => {
      const { address } = await scripted(() => new Promise(() => {}));
      const before = start(1, address);
      void before.party.receive("", begin(w, 1).messages[0]);
      await before.party.close();
      const { party, events } = start(1, address, {
        store: before.store,
        responder: () => {
          throw new Error("disk");
        },
      });
      await sleep(20);
      assert.deepEqual(events, [{ event: "fault", where: "sensor01", reason: "disk" }]);
      assert.throws(() => party.receive("", begin(w, 2).messages[0]), /disk/);
    });
  });

  it("sends no two messages with one T, and goes with a clock that is set back", async () => {
    const { address, asked } = await scripted(() => ({ code: Codes.serviceUnavailable }));
    const { party } = start(1, address, { deadline: 200 });
    const { now } = Date;
    const at = now();
    try {
      const answers = [];
      for (const [t, time] of [at, at, at, at - 3_600_000].entries()) {
        Date.now = () => time;
        answers.push(party.receive("", begin(w, t + 1).messages[0]));
      }
      await Promise.all(answers);
    } finally {
      Date.now = now;
    }
    const times = [...new Set(asked.map((bytes) => Math.round(readForwardMessage(bytes).unixTime - at)))];
    assert.deepEqual(
      times.sort((a, b) => a - b),
      [-3_600_000, 0, 1, 2],
    );
  });

  it("keeps the records of the window, and no others", () => {
    const { party, store } = start(1, "127.0.0.1:1", { deadline: 50 });
    for (let t = 1; t <= 60; t++) void party.receive("", begin(w, t).messages[0]);
    const kept = store.table("accepted").entries();
    assert.equal(kept.length, WINDOW + 1);
    assert.ok(kept[0][0].endsWith((60 - WINDOW).toString(16)));
  });
});
