/** The lies of a simulation are the ones that the Responder must stand. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { primitives, randomSource } from "../../../host/primitives.js";
import { alter, extraLies, plant } from "../../../host/simulation/lies.js";
import { checkValue } from "../../../protocol/exchange/session.js";
import { consumeShareMessage, readShareMessage } from "../../../protocol/exchange/share-message.js";
import { decodeShares } from "../../../protocol/shares/decode.js";
import { derivedFrom } from "../../../protocol/shares/share.js";
import { begin, known, presented, pskAt, type World, world } from "../third-party/world.js";

let w: World;

describe("simulation: lies", () => {
  before(async function () {
    this.timeout(30_000);
    w = await world();
  });

  const accept = (x: number, t = 1) => {
    const message = readShareMessage(begin(w, t).messages[x - 1]);
    return consumeShareMessage(primitives, message, w.policy, pskAt(w, x, t));
  };

  it("alter a share and nothing else", () => {
    const accepted = accept(1);
    const lie = alter(accepted);
    assert.notDeepEqual(lie.share, accepted.share);
    assert.equal(lie.share.length, 16);
    assert.deepEqual({ ...lie, share: accepted.share }, accepted);
  });

  it("plant a key whose shares and check value fit each other, without a word", () => {
    const secret = randomSource(16);
    const accepted = accept(1);
    const planted = [1, 2, 3].map((x) => plant(accepted, x, secret));
    const shares = planted.map(({ share }, i) => ({ x: i + 1, value: share }));
    const decoded = decodeShares(accepted.session.sharing, shares);
    assert.deepEqual(decoded?.misfits, []);
    assert.ok(decoded);
    const derived = derivedFrom(accepted.session.sharing, decoded.base);
    for (const lie of planted) {
      assert.deepEqual(lie.checkValue, checkValue(primitives, accepted.session, decoded.tgk, derived));
      assert.deepEqual(lie.session, accepted.session);
    }
    assert.notDeepEqual(planted[0].checkValue, accepted.checkValue);
    assert.notDeepEqual(plant(accepted, 1, randomSource(16)), planted[0]);
    assert.notDeepEqual(plant(accept(1, 2), 1, secret).share, planted[0].share);
  });

  it("claim another's place, and another context", () => {
    const enrolment = { policy: w.policy, statement: w.statement };
    const passage = {
      party: presented(w.parties[2]),
      enrolment,
      responder: { ...known(w.hospital), address: "127.0.0.1:5683" },
    };
    const planted = plant(accept(3), 3, randomSource(16));
    const [claim, context] = extraLies(planted, passage);
    assert.deepEqual(claim.party.identity, w.parties[0].identity);
    assert.deepEqual(claim.party.chain, passage.party.chain);
    assert.deepEqual(context.party, passage.party);
    assert.notDeepEqual(context.accepted.session.rand, planted.session.rand);
    assert.equal(context.accepted.session.t, planted.session.t);
  });

  it("can't be switched on in the command that serves", () => {
    const main = fileURLToPath(new URL("../../../host/cli/main.js", import.meta.url));
    const run = () =>
      execFileSync(process.execPath, [main, "third-party", "--dir", "/nowhere", "--collude", "00"], {
        stdio: "pipe",
        timeout: 20_000,
      });
    assert.throws(run, (error: Error & { status?: number; stderr?: Buffer }) => {
      assert.equal(error.status, 2);
      assert.match(`${error.stderr}`, /unknown option '--collude'/);
      return true;
    });
  });
});
