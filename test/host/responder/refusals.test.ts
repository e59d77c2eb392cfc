import assert from "node:assert/strict";
import { certificateHash } from "../../../host/authority/certificate.js";
import { primitives, randomSource } from "../../../host/primitives.js";
import { sign, wrapEnvelopeKey } from "../../../host/public-key.js";
import { ascii } from "../../../protocol/bytes.js";
import { Codes, ContentFormats } from "../../../protocol/coap/numbers.js";
import { readForwardMessage } from "../../../protocol/exchange/forward-message.js";
import { refusalCode } from "../../../protocol/exchange/over-coap.js";
import { identityFromText } from "../../../protocol/mikey/identity.js";
import { tgk } from "../../../protocol/mikey/key-data.js";
import { decodeMessage } from "../../../protocol/mikey/message.js";
import { DataTypes, type ErrorNumber, ErrorNumbers, PayloadTypes } from "../../../protocol/mikey/numbers.js";
import { createPublicKeyMessage } from "../../../protocol/mikey/public-key.js";
import { suiteByName } from "../../../protocol/mikey/suites.js";
import {
  begin,
  certified,
  DAY,
  makeAuthority,
  presented,
  receiving,
  soon,
  stated,
  type World,
  world,
} from "../third-party/world.js";
import { type Change, confirmationIn, finish, forward, type Stand, stand } from "./forwarding.js";

let w: World;
let standing: Stand;
let t = 0;

/** Sends a message that must be refused: by that ERR and nothing else, with the reason in the log, and no trace. */
async function refuses(bytes: Uint8Array, error: ErrorNumber, reason: RegExp): Promise<void> {
  const { responder, events, kept } = standing;
  const before = kept();
  events.length = 0;
  const answer = await soon(responder.receive("192.0.2.7:5683", bytes));
  assert.deepEqual(
    events.map(({ event }) => event),
    ["refused"],
  );
  const [event] = events;
  assert.ok(event.event === "refused");
  assert.deepEqual([event.message, event.from, event.error], ["TP_R", "192.0.2.7:5683", error], event.reason);
  assert.match(event.reason, reason);
  assert.deepEqual(kept(), before);

  assert.equal(answer.code, refusalCode(error));
  const message = decodeMessage(answer.payload as Uint8Array);
  assert.equal(answer.contentFormat, ContentFormats.mikey);
  assert.equal(message.header.dataType, DataTypes.error);
  assert.deepEqual(message.header.csbId, decodeMessage(bytes).header.csbId);
  assert.deepEqual(
    message.payloads.map(({ type }) => type),
    [PayloadTypes.T, PayloadTypes.ERR],
  );
  assert.deepEqual(message.payloads[1], { type: PayloadTypes.ERR, error });
}

/** The message of party-01 with a change is refused; then an honest exchange with the same T agrees. */
async function refusesChange(change: Change, error: ErrorNumber, reason: RegExp): Promise<void> {
  const exchange = begin(w, ++t);
  await refuses(forward(w, exchange, 1, change).bytes, error, reason);
  const messages = [1, 2].map((x) => forward(w, exchange, x));
  const answers = await soon(Promise.all(messages.map(({ bytes }) => standing.responder.receive("", bytes))));
  answers.forEach(({ code, payload = new Uint8Array(0) }, i) => {
    assert.equal(code, Codes.changed);
    const confirmation = confirmationIn(messages[i], payload);
    assert.ok(confirmation !== undefined);
    if (i === 0) finish(w, exchange, 1, confirmation);
  });
}

describe("Responder: what it refuses", () => {
  before(async function () {
    this.timeout(30_000);
    w = await world();
  });
  beforeEach(async () => {
    standing = await stand(w);
    t = 0;
  });
  afterEach(() => standing.responder.close());

  describe("what the sensor agreed to", () => {
    it("another Responder than the authorised one", () =>
      refusesChange(
        { session: { responder: identityFromText("elsewhere") } },
        ErrorNumbers.identity,
        /authorised another Responder/,
      ));

    for (const [what, sharing] of [
      ["k", { threshold: 3, privacy: 1, shares: 3 }],
      ["t", { threshold: 2, privacy: 0, shares: 3 }],
      ["n", { threshold: 2, privacy: 1, shares: 4 }],
    ] as const) {
      it(`${what} that differs from the statement`, () =>
        refusesChange({ session: { sharing } }, ErrorNumbers.share, /is not the enrolled/));
    }

    it("a suite that differs from the statement", () =>
      refusesChange(
        { session: { suite: suiteByName("aes-cm-128-hmac-sha-256") } },
        ErrorNumbers.encryption,
        /suite aes-cm-128-hmac-sha-256 is not the enrolled aes-ccm-128/,
      ));

    it("k < 2", () =>
      refusesChange(
        { session: { sharing: { threshold: 1, privacy: 0, shares: 3 } } },
        ErrorNumbers.share,
        /threshold 1 is below 2/,
      ));

    it("another sensor than the one of the statement", () =>
      refusesChange(
        { session: { sensor: identityFromText("sensor02") } },
        ErrorNumbers.identity,
        /sensor is not the enrolled one/,
      ));
  });

  describe("statements", () => {
    it("k < 2 in the statement itself", async () => {
      const statement = await stated(w.authority, { ...w.policy, threshold: 1, privacy: 0 });
      const session = { sharing: { threshold: 1, privacy: 0, shares: 3 } };
      await refusesChange({ statement, session }, ErrorNumbers.certificate, /threshold: expected at least 2/);
    });

    it("expired", async () => {
      const statement = await stated(w.authority, w.policy, -3 * DAY);
      await refusesChange({ statement }, ErrorNumbers.certificate, /statement: it expired at/);
    });

    it("not yet valid", async () => {
      const statement = await stated(w.authority, w.policy, 3 * DAY);
      await refusesChange({ statement }, ErrorNumbers.certificate, /statement: it is not valid before/);
    });

    it("altered", async () => {
      const [header, payload, signature] = String.fromCharCode(...w.statement).split(".");
      const claims = JSON.parse(Buffer.from(payload, "base64url").toString()) as { exp: number };
      const later = Buffer.from(JSON.stringify({ ...claims, exp: claims.exp + 1 })).toString("base64url");
      const statement = ascii([header, later, signature].join("."));
      await refusesChange({ statement }, ErrorNumbers.certificate, /signature does not hold/);
    });

    it("of another authority", async () => {
      const statement = await stated(w.stranger, w.policy);
      await refusesChange({ statement }, ErrorNumbers.certificate, /of another authority/);
    });

    it("none that could be read", () =>
      refusesChange({ statement: ascii("no.jws") }, ErrorNumbers.certificate, /not a signed statement/));

    it("a third party that is not on it", async () => {
      const [, second, third] = w.policy.thirdParties;
      const thirdParties = [identityFromText("party-04"), second, third];
      const statement = await stated(w.authority, { ...w.policy, thirdParties });
      await refusesChange(
        { statement },
        ErrorNumbers.identity,
        /party-01 is not a third party of this sensor/,
      );
    });

    it("a third party that is on it twice", async () => {
      const [first, second] = w.policy.thirdParties;
      const statement = await stated(w.authority, { ...w.policy, thirdParties: [first, second, first] });
      await refusesChange({ statement }, ErrorNumbers.certificate, /party-01 is named twice/);
    });

    it("one that has expired since it was first seen", async () => {
      const exchange = begin(w, 1);
      const statement = await stated(w.authority, w.policy, -DAY + 3_000);
      void standing.responder.receive("", forward(w, exchange, 1, { statement }).bytes);
      const { now } = Date;
      try {
        await new Promise((resolve) => setTimeout(resolve, 50));
        Date.now = () => now() + 10_000;
        const message = forward(w, begin(w, 2), 1, { statement });
        await refuses(message.bytes, ErrorNumbers.certificate, /it expired/);
      } finally {
        Date.now = now;
      }
    });
  });

  describe("certificates", () => {
    const issued = async (change: Partial<Parameters<typeof certified>[1]>, name = "party-01") => {
      const keys = w.parties[0];
      const subject = await certified(name, { issuer: w.authority, role: "third-party", keys, ...change });
      return { party: { chain: [subject.certificate] } };
    };

    it("expired", async () =>
      refusesChange(await issued({ at: -3 * DAY }), ErrorNumbers.certificate, /leaf expired at/));

    it("not yet valid", async () =>
      refusesChange(await issued({ at: 3 * DAY }), ErrorNumbers.certificate, /leaf is not valid before/));

    it("of another CA", async () =>
      refusesChange(await issued({ issuer: w.stranger }), ErrorNumbers.certificate, /of another authority/));

    it("of another CA under the authority's name", async () => {
      const impostor = await makeAuthority();
      const issuer = { certificate: w.authority.certificate, privateKey: impostor.privateKey };
      await refusesChange(await issued({ issuer }), ErrorNumbers.certificate, /signature on the leaf/);
    });

    it("without the role", async () =>
      refusesChange(
        await issued({ role: "responder" }),
        ErrorNumbers.identity,
        /not for the role third-party/,
      ));

    it("not matching the identity", async () =>
      refusesChange(
        await issued({}, "party-02"),
        ErrorNumbers.identity,
        /that of party-02, not of party-01/,
      ));

    it("none at all", () =>
      refusesChange({ party: { chain: [] } }, ErrorNumbers.certificate, /there is none/));

    it("none that could be read", () =>
      refusesChange(
        { party: { chain: [Uint8Array.of(0x30, 0)] } },
        ErrorNumbers.certificate,
        /leaf is malformed/,
      ));

    it("a third party that speaks for another", () =>
      refusesChange(
        { party: { identity: w.parties[1].identity } },
        ErrorNumbers.identity,
        /not of party-02/,
      ));
  });

  describe("public-key cryptography", () => {
    it("an envelope for another certificate", () =>
      refusesChange(
        { responder: { certificateHash: certificateHash(w.parties[0].certificate) } },
        ErrorNumbers.certificate,
        /CHASH/,
      ));

    it("PKE that does not open", async () => {
      await refusesChange(
        { responder: { wrap: (key) => wrapEnvelopeKey(w.spare.publicKey, key) } },
        ErrorNumbers.authentication,
        /envelope does not open/,
      );
      await refusesChange(
        { responder: { wrap: () => randomSource(256) } },
        ErrorNumbers.authentication,
        /envelope does not open/,
      );
    });

    it("a KEMAC under another envelope key, not to be told from PKE that does not open", () =>
      refusesChange(
        { responder: { wrap: () => wrapEnvelopeKey(w.hospital.certificate, randomSource(32)) } },
        ErrorNumbers.authentication,
        /envelope does not open/,
      ));

    it("a signature of another key", () =>
      refusesChange(
        { party: { sign: (data) => sign(w.spare.privateKey, data) } },
        ErrorNumbers.authentication,
        /signature does not hold/,
      ));

    it("any byte altered that the signature covers, before anything is decrypted", async () => {
      let opened = 0;
      const honest = receiving(w.hospital);
      const unwrap = (wrapped: Uint8Array) => {
        opened++;
        return honest.unwrap(wrapped);
      };
      standing.responder.close();
      standing = await stand(w, { responder: { ...honest, unwrap } });
      const exchange = begin(w, 1);
      const { bytes } = forward(w, exchange, 1);
      for (const fromEnd of [1, 100, 255, 256 + 20, 256 + 200]) {
        const altered = bytes.slice();
        altered[altered.length - fromEnd] ^= 1;
        await refuses(altered, ErrorNumbers.authentication, /signature does not hold/);
      }
      assert.equal(opened, 0);
      await refuses(
        Uint8Array.of(...bytes, 0),
        ErrorNumbers.authentication,
        /1 bytes behind the last payload/,
      );
    });

    it("an identity inside the KEMAC that is not the signer's", async () => {
      const { message, session, timestamp } = readForwardMessage(forward(w, begin(w, 1), 1).bytes);
      const envelopeKey = randomSource(32);
      const party = presented(w.parties[0]);
      const inner = createPublicKeyMessage(
        primitives,
        {
          header: message.header,
          payloads: message.payloads.slice(0, -4),
          suite: session.suite,
          timestamp,
          rand: session.rand,
          initiator: w.parties[1].identity,
          keys: [tgk(randomSource(16))],
          envelopeKey,
          wrappedKey: wrapEnvelopeKey(w.hospital.certificate, envelopeKey),
          certificateHash: certificateHash(w.hospital.certificate),
        },
        { algorithm: 1, length: 256, sign: party.sign },
      );
      await refuses(inner, ErrorNumbers.identity, /inside the KEMAC is not the signer's/);
    });
  });

  describe("freshness", () => {
    it("a clock that is more than five minutes away", async () => {
      await refusesChange({ offset: -301_000 }, ErrorNumbers.timestamp, /30[12] s away/);
      await refusesChange({ offset: 302_000 }, ErrorNumbers.timestamp, /30[12] s away/);
      await refusesChange({ offset: -DAY }, ErrorNumbers.timestamp, /s away/);
    });

    it("T of a third party for another message", async () => {
      const { now } = Date;
      const at = now();
      Date.now = () => at;
      try {
        const exchange = begin(w, 1);
        void standing.responder.receive("", forward(w, exchange, 1).bytes);
        await new Promise((resolve) => setTimeout(resolve, 50));
        const again = forward(w, exchange, 1).bytes;
        await refuses(again, ErrorNumbers.timestamp, /was used for another message/);
      } finally {
        Date.now = now;
      }
    });

    it("T of the sensor below the last key's", async () => {
      t = 7;
      await refusesChange({ offset: DAY }, ErrorNumbers.timestamp, /away/);
      for (const old of [1, 7]) {
        const { bytes } = forward(w, begin(w, old), 1);
        await refuses(bytes, ErrorNumbers.timestamp, new RegExp(`T ${old} is not above the last key's 8`));
      }
    });

    it("a third party's second share, and keeps the first", async () => {
      const exchange = begin(w, 1);
      const first = forward(w, exchange, 1);
      const waiting = standing.responder.receive("", first.bytes);
      await new Promise((resolve) => setTimeout(resolve, 50));
      const second = forward(w, exchange, 1, { share: randomSource(16) });
      await refuses(second.bytes, ErrorNumbers.share, /party-01 has given its share already/);
      await standing.responder.receive("", forward(w, exchange, 2).bytes);
      const { payload } = await soon(waiting);
      assert.ok(confirmationIn(first, payload as Uint8Array));
    });
  });

  describe("what is no TP_R", () => {
    it("any truncation: nothing that an error message could name, or ERR 12", async () => {
      const { bytes } = forward(w, begin(w, 1), 1);
      const before = standing.kept();
      for (let length = 0; length < bytes.length; length += length < 40 ? 1 : 37) {
        standing.events.length = 0;
        const answer = await standing.responder.receive("", bytes.slice(0, length));
        const [event] = standing.events;
        assert.ok(event.event === "refused" && event.error === ErrorNumbers.unspecified, `${length}`);
        assert.equal(answer.code, refusalCode(ErrorNumbers.unspecified));
        assert.deepEqual(answer.payload, undefined);
      }
      assert.deepEqual(standing.kept(), before);
    });

    it("a message of another kind", () =>
      refuses(begin(w, 1).messages[0], ErrorNumbers.dataType, /data type 0 came where 2 was expected/));

    it("identities that are longer than any", async () => {
      const identity = identityFromText(`party-${"1".repeat(1000)}`);
      await refusesChange({ party: { identity } }, ErrorNumbers.identity, /of 1006 bytes is nobody's/);
      const sensor = identityFromText(`0x${"11".repeat(500)}`);
      await refusesChange({ session: { sensor } }, ErrorNumbers.identity, /of 500 bytes is nobody's/);
    });
  });
});
