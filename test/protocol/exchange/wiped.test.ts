/** What a failure in the middle leaves of secrets: nothing, wherever it comes. */

import { createForwardMessage } from "../../../protocol/exchange/forward-message.js";
import { beginExchange } from "../../../protocol/exchange/initiator.js";
import { referenceSteps } from "../../../protocol/exchange/reference-steps.js";
import { consumeShareMessage, readShareMessage } from "../../../protocol/exchange/share-message.js";
import type { Primitives } from "../../../protocol/primitives.js";
import { weightMatrix } from "../../../protocol/shares/weights.js";
import { equal, ok, throws } from "../../support/assert.js";
import { primitives } from "../../support/primitives.js";
import {
  acceptShare,
  begin,
  forwardingParty,
  knownResponder,
  policyOf,
  pskOf,
  randomOf,
  responder,
  statement,
  unixTime,
} from "./parties.js";

/** Keys, shares and the TGK are 16 or 32 bytes; salts are not secret. */
const isSecret = ({ length }: Uint8Array): boolean => length === 16 || length === 32;

/** Primitives that remember what they gave, and fail at one call. */
class Failing {
  readonly given: Uint8Array[] = [];
  calls = 0;

  constructor(private readonly failAt: number) {}

  get primitives(): Primitives {
    const it = primitives;
    return {
      ...it,
      prf: (...given) => this.#secret(it.prf(...given)),
      hmac: (...given) => this.#step(it.hmac(...given)),
      ccmSeal: (...given) => this.#step(it.ccmSeal(...given)),
    };
  }

  #step<T>(value: T): T {
    if (++this.calls === this.failAt) throw new Error("no memory");
    return value;
  }

  #secret(value: Uint8Array): Uint8Array {
    this.#step(undefined);
    if (isSecret(value)) this.given.push(value);
    return value;
  }
}

const isZero = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 0);

/** Runs `work` with each of its calls failing in turn, until none does; `check` looks at what is left each time. */
function failEverywhere(work: (failing: Failing) => void, check: (failing: Failing) => void): void {
  for (let at = 1; ; at++) {
    const failing = new Failing(at);
    let failed = false;
    try {
      work(failing);
    } catch (error) {
      equal((error as Error).message, "no memory");
      failed = true;
    }
    if (!failed) {
      ok(at > 3, "it calls nothing that can fail");
      return;
    }
    check(failing);
    for (const secret of failing.given) ok(isZero(secret), `a secret is left after call ${at}`);
  }
}

describe("secrets when something fails", () => {
  const policy = policyOf(2, 1, 3);
  const weights = weightMatrix({ threshold: 2, privacy: 1, shares: 3 });

  it("at the sensor: the TGK, shares and PSKs", () => {
    let tgk = new Uint8Array(0);
    let psks: Uint8Array[] = [];
    failEverywhere(
      (failing) => {
        psks = [1, 2, 3].map((x) => pskOf(x).slice());
        const random = (length: number) => {
          const bytes = randomOf("sensor")(length).slice();
          if (length === 16) tgk = bytes;
          return bytes;
        };
        const credentials = {
          ...{ policy, weights, psks },
          forget: () => {
            for (const psk of psks) psk.fill(0);
          },
        };
        beginExchange(referenceSteps(failing.primitives), random, credentials, responder, 7);
      },
      () => {
        ok(isZero(tgk), "the TGK");
        ok(psks.every(isZero), "the PSKs");
      },
    );
  });

  it("at the sensor when its generator fails", () => {
    const psks = [1, 2, 3].map((x) => pskOf(x).slice());
    let forgotten = 0;
    const credentials = { policy, weights, psks, forget: () => forgotten++ };
    const noEntropy = () => {
      throw new Error("no entropy");
    };
    throws(
      () => beginExchange(referenceSteps(primitives), noEntropy, credentials, responder, 7),
      /no entropy/,
    );
    equal(forgotten, 1);
  });

  it("at a third party: the share, and the envelope key", () => {
    const { messages } = begin(policy);
    const opened: Uint8Array[] = [];
    const watching: Primitives = {
      ...primitives,
      ccmOpen(...given) {
        const contents = primitives.ccmOpen(...given);
        if (contents !== undefined) opened.push(contents);
        return contents;
      },
    };
    const other = { ...policy, threshold: 3 };
    throws(() => consumeShareMessage(watching, readShareMessage(messages[1]), other, pskOf(2)), /threshold/);
    // The share is at the end.
    ok(opened.length === 1 && isZero(opened[0].subarray(-16)), "the share");
    const accepted = acceptShare(policy, 2, messages[1]);
    let envelopeKey = new Uint8Array(32).fill(9);
    const random = (length: number) => {
      envelopeKey = randomOf("tp")(length).slice();
      return envelopeKey;
    };
    const party = forwardingParty(policy.thirdParties[1]);
    const broken = () => {
      throw new Error("no memory");
    };
    const create = (own: typeof party, to = knownResponder()) =>
      createForwardMessage(primitives, random, accepted, own, to, statement, unixTime);
    throws(() => create({ ...party, sign: broken }), /no memory/);
    ok(isZero(envelopeKey));
    throws(() => create(party, { ...knownResponder(), wrap: broken }), /no memory/);
    ok(isZero(envelopeKey));
    ok(!isZero(create(party).envelopeKey));
  });
});
