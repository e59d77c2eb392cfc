/** A third party's word for a trigger: to whom it is given, how often, and that nothing of the chain changes by it. */

import assert from "node:assert/strict";
import { SignJWT } from "jose";
import type { PartyEvent } from "../../../host/events.js";
import { primitives, randomSource } from "../../../host/primitives.js";
import { MemoryStore } from "../../../host/store/memory.js";
import type { Store } from "../../../host/store/store.js";
import { LONGEST_JUMP } from "../../../host/third-party/keys.js";
import type { ThirdPartyOptions } from "../../../host/third-party/options.js";
import { responderSigner } from "../../../host/third-party/signer.js";
import { ThirdParty } from "../../../host/third-party/third-party.js";
import { MemoryVault, type Vault } from "../../../host/third-party/vault.js";
import { TRIGGERS_A_DAY, VouchedTriggers } from "../../../host/third-party/vouched.js";
import { PLEA_SKEW, readPlea, signPlea, vouchQuestion } from "../../../host/trigger/plea.js";
import { ascii, concat, toHex } from "../../../protocol/bytes.js";
import { Codes } from "../../../protocol/coap/numbers.js";
import { triggerTag } from "../../../protocol/exchange/trigger.js";
import { identityFromText } from "../../../protocol/mikey/identity.js";
import {
  begin,
  type Certified,
  certified,
  contents,
  known,
  presented,
  pskAt,
  soon,
  type World,
  world,
} from "./world.js";

const sensor = identityFromText("sensor01");
const HANDLE = 7;

describe("third party: vouching for a trigger", () => {
  let w: World;
  let store: Store;
  let vault: Vault;
  let events: PartyEvent[];
  let party: ThirdParty;

  const open = (change: Partial<ThirdPartyOptions> = {}) => {
    const enrolment = {
      policy: w.policy,
      start: { t: 1, keys: w.psks[0] },
      statement: w.statement,
      gateway: { handle: HANDLE, responders: [w.hospital.identity] },
    };
    return new ThirdParty({
      party: presented(w.parties[0]),
      sensor: (name) => (name === "sensor01" ? enrolment : undefined),
      bundled: () => [],
      responder: () => ({ ...known(w.hospital), address: "127.0.0.1:9" }),
      signer: responderSigner(w.authority, (name) => name === "hospital"),
      ...{ store, vault, deadline: 100, attempt: 50 },
      onEvent: (event) => events.push(event),
      ...change,
    });
  };

  before(async function () {
    this.timeout(30_000);
    w = await world();
  });
  beforeEach(() => {
    store = new MemoryStore();
    vault = new MemoryVault();
    events = [];
    party = open();
  });
  afterEach(() => party.close());

  const pleaOf = (
    { identity, certificate, privateKey }: Certified,
    nonce = randomSource(8),
    at = Date.now(),
  ) => signPlea({ identity, chain: [certificate], privateKey }, sensor, nonce, at);
  const ask = async (t: number, jws: string) => party.vouch("gateway:1", vouchQuestion(t, jws));
  const reasons = () => events.flatMap((event) => (event.event === "refused" ? [event.reason] : []));

  /** A plea with other contents than signPlea makes. */
  async function forged(change: {
    header?: Record<string, unknown>;
    claims?: Record<string, unknown>;
    by?: Certified;
  }): Promise<string> {
    const { certificate, privateKey } = change.by ?? w.hospital;
    const now = Math.floor(Date.now() / 1000);
    const nonce = Buffer.from(randomSource(8)).toString("base64url");
    const claims = {
      sensor: "sensor01",
      responder: "hospital",
      nonce,
      iat: now,
      exp: now + 300,
      ...change.claims,
    };
    const x5c = [Buffer.from(certificate).toString("base64")];
    const header = { alg: "PS256", typ: "symbolon-trigger", x5c, ...change.header };
    return new SignJWT(claims).setProtectedHeader(header).sign(privateKey);
  }

  /** A question that gets no tag, for that reason, and leaves nothing behind. */
  async function refused(jws: string, reason: RegExp, { t = 1, code = Codes.forbidden as number } = {}) {
    const before = contents(store, "keys", "accepted", "triggers");
    const answer = await ask(t, jws);
    assert.deepEqual([answer.code, answer.payload], [code, undefined], reason.source);
    assert.match(reasons().at(-1) ?? "", reason);
    assert.deepEqual(contents(store, "keys", "accepted", "triggers"), before);
  }

  it("gives its tag under the PSK of that T, and the same again without counting it", async () => {
    const nonce = randomSource(8);
    const jws = await pleaOf(w.hospital, nonce);
    const claim = { sensor, responder: w.hospital.identity, t: 3, nonce };
    for (let i = 0; i < 2 * TRIGGERS_A_DAY; i++) {
      const answer = await ask(3, jws);
      assert.equal(answer.code, Codes.changed);
      assert.deepEqual(answer.payload, triggerTag(primitives, pskAt(w, 1, 3), claim));
    }
    assert.deepEqual(events, [{ event: "vouched", sensor: "sensor01", t: 3, responder: "hospital" }]);
  });

  it("commits nothing of the chain: the sensor's exchange is taken afterwards, with this T and with one before", async () => {
    const before = contents(store, "keys", "accepted");
    assert.equal((await ask(5, await pleaOf(w.hospital))).code, Codes.changed);
    assert.deepEqual(contents(store, "keys", "accepted"), before);
    for (const t of [4, 5]) {
      const answer = await soon(party.receive("sensor", begin(w, t).messages[0]));
      assert.equal(answer.code, Codes.changed, `T ${t}`);
    }
    assert.equal((await ask(6, await pleaOf(w.hospital))).code, Codes.changed);
  });

  it("vouches for no T that was used or skipped, nor for one too far ahead", async () => {
    await soon(party.receive("sensor", begin(w, 4).messages[0]));
    for (const t of [0, 3, 4]) await refused(await pleaOf(w.hospital), new RegExp(`T ${t} is used`), { t });
    const t = 5 + LONGEST_JUMP;
    await refused(await pleaOf(w.hospital), /T 1029 is too far ahead/, { t });
    assert.equal((await ask(t - 1, await pleaOf(w.hospital))).code, Codes.changed);
  });

  it("believes the Responder alone, under a certificate of the authority for that role", async () => {
    const { authority, stranger } = w;
    const other = await certified("clinic", { issuer: authority, role: "responder" });
    const cases: [string, string, RegExp][] = [
      ["another Responder in its own name", await pleaOf(other), /clinic is no Responder of sensor01/],
      [
        "another Responder in this one's name",
        await pleaOf({ ...other, identity: w.hospital.identity }),
        /the leaf is that of clinic, not of hospital/,
      ],
      [
        "a third party's certificate",
        await pleaOf(await certified("hospital", { issuer: authority, role: "third-party" })),
        /not for the role responder/,
      ],
      [
        "another authority's",
        await pleaOf(await certified("hospital", { issuer: stranger, role: "responder" })),
        /of another authority/,
      ],
      [
        "an expired one",
        await pleaOf(
          await certified("hospital", { issuer: authority, role: "responder", at: -3 * 86_400_000 }),
        ),
        /expired at/,
      ],
      [
        "another key",
        await pleaOf({ ...w.hospital, privateKey: w.spare.privateKey }),
        /signature does not hold/,
      ],
    ];
    for (const [, jws, reason] of cases) await refused(jws, reason);
    const renewed = await certified("hospital", { issuer: authority, role: "responder" });
    assert.equal((await ask(1, await pleaOf(renewed))).code, Codes.changed);
  });

  it("knows the Responder, or does not vouch", async () => {
    party = open({ signer: responderSigner(w.authority, () => false) });
    await refused(await pleaOf(w.hospital), /hospital is not known here/);
  });

  it("vouches for nobody where it was not told whom to believe", async () => {
    const deaf = new ThirdParty({
      party: presented(w.parties[0]),
      sensor: () => undefined,
      bundled: () => [],
      responder: () => undefined,
      ...{ store, vault, deadline: 100, attempt: 50, onEvent: () => undefined },
    });
    const answer = await deaf.vouch("gateway:1", vouchQuestion(1, await pleaOf(w.hospital)));
    assert.equal(answer.code, Codes.notFound);
    await deaf.close();
  });

  it("takes a plea as long as it is good, give or take a minute", async () => {
    const old = await pleaOf(w.hospital, randomSource(8), Date.now() - 300_000 - PLEA_SKEW - 1000);
    await refused(old, /expired at/);
    await refused(
      await pleaOf(w.hospital, randomSource(8), Date.now() + PLEA_SKEW + 5_000),
      /which is to come/,
    );
    const nearly = await pleaOf(w.hospital, randomSource(8), Date.now() - 300_000 - PLEA_SKEW / 2);
    assert.equal((await ask(1, nearly)).code, Codes.changed);
    const now = Math.floor(Date.now() / 1000);
    await refused(await forged({ claims: { exp: now + 301 } }), /good for 301 s/);
    await refused(await forged({ claims: { exp: now } }), /good for 0 s/);
  });

  it("vouches four times a day for a sensor, over a restart, and for one T with each nonce", async () => {
    const nonce = randomSource(8);
    const first = await pleaOf(w.hospital, nonce);
    assert.equal((await ask(1, first)).code, Codes.changed);
    await refused(first, /served for another T/, { t: 2 });
    for (let i = 1; i < TRIGGERS_A_DAY; i++) {
      await party.close();
      party = open();
      assert.equal((await ask(i, await pleaOf(w.hospital))).code, Codes.changed);
    }
    const surplus = { t: 9, code: Codes.tooManyRequests };
    await refused(await pleaOf(w.hospital), /sensor01 has had 4 triggers within a day/, surplus);
    assert.equal((await ask(1, first)).code, Codes.changed);
  });

  it("counts those of a day, and no more than four at once", async () => {
    const pleas = await Promise.all(Array.from({ length: 7 }, () => pleaOf(w.hospital)));
    const codes = await Promise.all(pleas.map(async (jws) => (await ask(1, jws)).code));
    assert.equal(codes.filter((code) => code === Codes.changed).length, TRIGGERS_A_DAY);
    assert.equal(codes.filter((code) => code === Codes.tooManyRequests).length, 3);
    const vouched = new VouchedTriggers(store);
    const now = Date.now();
    assert.equal(vouched.judge("sensor01", randomSource(8), 1, now + 60_000), "too many");
    assert.equal(vouched.judge("sensor01", randomSource(8), 1, now + 25 * 3_600_000), "new");
    assert.equal(vouched.judge("sensor02", randomSource(8), 1, now), "new");
  });

  it("refuses what is malformed before it looks at certificates", async () => {
    const good = await pleaOf(w.hospital);
    const [head, claims, signature] = good.split(".");
    const bad = { code: Codes.badRequest };
    for (const [jws, reason] of [
      ["x", /no signed token/],
      [`${head}.${claims}`, /no signed token/],
      [`!.${claims}.${signature}`, /no signed token/],
      [await forged({ header: { typ: "JWT" } }), /typ/],
      [await forged({ header: { alg: "RS256" } }), /alg/],
      [await forged({ header: { x5c: [] } }), /x5c/],
      [await forged({ header: { x5c: new Array(5).fill("AAAA") } }), /x5c/],
      [await forged({ header: { x5c: [1] } }), /x5c/],
      [await forged({ claims: { nonce: "AAAA" } }), /nonce/],
      [await forged({ claims: { sensor: 1 } }), /sensor/],
      [await forged({ claims: { responder: "" } }), /responder/],
      [await forged({ claims: { iat: "now" } }), /iat|no signed token/],
      [await forged({ claims: { exp: 1e300 } }), /exp/],
    ] as const) {
      await refused(jws, reason, bad);
    }
    assert.equal((await party.vouch("gateway:1", Uint8Array.of(0, 0, 0, 1))).code, Codes.badRequest);
    await refused(await forged({ header: { x5c: ["AAAA"] } }), /malformed/);
    await refused(await forged({ claims: { sensor: "sensor02" } }), /sensor02 is not enrolled here/);
    const altered = `${head}.${claims}.${signature.slice(0, -4)}AAAA`;
    await refused(altered, /signature does not hold/);
  });

  it("reads what it signs", async () => {
    const nonce = randomSource(8);
    const at = Date.now();
    const plea = readPlea(await pleaOf(w.hospital, nonce, at));
    assert.deepEqual(
      [plea.sensor, plea.responder, toHex(plea.nonce), plea.expiresAt - plea.issuedAt],
      [sensor, w.hospital.identity, toHex(nonce), 300_000],
    );
    assert.deepEqual(plea.chain, [w.hospital.certificate]);
    assert.deepEqual(vouchQuestion(258, "a.b.c"), concat(0, 0, 1, 2, ascii("a.b.c")));
  });
});
