/** A sensor that shows another name with each exchange: through its gateway, without one, and when it renews a session. */

import { SensorChannel } from "../../firmware/channel.js";
import { gatewayWay, sleepersWay } from "../../firmware/gateway.js";
import { writeMailbox } from "../../firmware/mailbox.js";
import { direct, runExchange } from "../../firmware/main.js";
import { alone, directWay } from "../../firmware/pseudonyms.js";
import { readTrigger } from "../../firmware/trigger.js";
import { ascii, fromHex, toHex } from "../../protocol/bytes.js";
import { decodeMessage } from "../../protocol/coap/message.js";
import { Codes, ContentFormats, OptionNumbers } from "../../protocol/coap/numbers.js";
import {
  compressVerification,
  isPseudonymous,
  readBundleHead,
  readBundlePart,
  readPseudonym,
  restoreShareMessage,
  withoutPseudonym,
} from "../../protocol/exchange/bundle-parts.js";
import { pseudonymOf } from "../../protocol/exchange/pseudonym.js";
import { readShareMessage } from "../../protocol/exchange/share-message.js";
import { createShareVerification } from "../../protocol/exchange/share-verification.js";
import { encodeTrigger, HIDDEN_T, triggerTag } from "../../protocol/exchange/trigger.js";
import { policyOf, responder } from "../protocol/exchange/parties.js";
import { deepEqual, equal, ok, throws } from "../support/assert.js";
import { primitives } from "../support/primitives.js";
import { chainedPsk, GATEWAY, type Party, type Request, type Script, World } from "./simulation.js";

const policy = policyOf(2, 1, 3, "aes-ccm-128-8");
const KEY = fromHex("000102030405060708090a0b0c0d0e0f");

/** I_TP out of a part, with the T that its pseudonym is for. */
function restored({ message: { payload } }: Request, x: number, last = 40): Uint8Array {
  for (let t = 1; t <= last; t++) {
    if (toHex(pseudonymOf(primitives, KEY, t)) !== readPseudonym(payload).toString(16).padStart(12, "0"))
      continue;
    return restoreShareMessage(primitives, readBundlePart(withoutPseudonym(payload, 0, t)), {
      ...{ identity: policy.thirdParties[x - 1], policy, psk: chainedPsk(x, t), responders: [responder] },
    });
  }
  throw new Error("a pseudonym of nobody");
}

/** TP_I without names. */
function brief(request: Request, { x }: Party, confirmation?: Uint8Array): Uint8Array {
  const { session } = readShareMessage(restored(request, x));
  const identity = policy.thirdParties[x - 1];
  return compressVerification(
    createShareVerification(primitives, session, identity, chainedPsk(x, session.t), confirmation),
  );
}

/** A third party that forwards, and answers without names. */
const discreet: Script = (request, party) => {
  party.acknowledge(request);
  if (request.duplicate) return;
  party.world.collect(party.x, restored(request, party.x));
  party.world.whenAgreed(() =>
    party.separate(request, Codes.changed, brief(request, party, party.world.agreed!.message)),
  );
};

function worldOf(script: Script = discreet, gateway?: () => void): World {
  return new World({ policy, linkingKey: KEY, script: () => script, ...(gateway && { gateway }) });
}

const optionsOf = (world: World, address: string) =>
  world
    .sentTo(address)
    .map(({ options }) =>
      options.map(({ number, value }) =>
        number === OptionNumbers.uriPath ? String.fromCharCode(...value) : [...value],
      ),
    );

const confirmed = (world: World) => {
  equal(world.outcomes.length, 1, "outcomes");
  const [outcome] = world.outcomes;
  ok(outcome.confirmed, "confirmed");
  deepEqual(outcome.finished.keys, world.agreed?.keys);
  equal(world.clock.pending, 0, "timers");
};

describe("a sensor with pseudonyms", () => {
  it("sends each third party its part to /b/part, and takes R_I without names", () => {
    const world = worldOf();
    world.start(alone.run);
    world.clock.run();
    confirmed(world);
    for (const x of [1, 2, 3]) {
      const [{ payload }] = world.sentTo(`tp-${x}`);
      ok(isPseudonymous(payload));
      equal(payload.length, x === 1 ? 32 : 48);
      deepEqual(optionsOf(world, `tp-${x}`)[0], ["b", "part", [ContentFormats.octetStream]]);
    }
    const sent = world.events.filter(({ event }) => event === "message");
    deepEqual(
      sent.map((event) => event.event === "message" && [event.name, event.bytes]),
      [
        ["part", 32],
        ["part", 48],
        ["part", 48],
      ],
    );
  });

  it("believes a receipt under its PSK only, and sends again where there is none", () => {
    const forging: Script = (request, party) => {
      party.piggyback(request, Codes.changed, new Uint8Array(party.x === 3 ? 0 : 8));
    };
    const world = worldOf(forging);
    world.start(alone.run);
    world.clock.run();
    ok(!world.outcomes[0].confirmed);
    // At half of the time once more.
    for (const x of [1, 2, 3]) equal(world.sentTo(`tp-${x}`).length, 2);
    const honest: Script = (request, party) => party.piggyback(request, Codes.changed, brief(request, party));
    const receipts = worldOf(honest);
    receipts.start(alone.run);
    receipts.clock.run();
    const [outcome] = receipts.outcomes;
    ok(!outcome.confirmed && outcome.reason.startsWith("3 of 3 third parties took their share"));
    for (const x of [1, 2, 3]) equal(receipts.sentTo(`tp-${x}`).length, 1);
  });

  it("goes through its gateway with a bundle of the same length, and falls back on parts of that bundle", () => {
    const world = worldOf(discreet, () => undefined);
    world.start(gatewayWay({ delayed: false }).run);
    world.clock.run();
    confirmed(world);
    const [{ payload: bundle }] = world.sentTo(GATEWAY.address);
    equal(bundle.length, 80);
    throws(() => readBundleHead(bundle), /profile byte 145/);
    equal(readPseudonym(bundle), Number.parseInt(toHex(pseudonymOf(primitives, KEY, 1)), 16));
    for (const x of [1, 2, 3]) {
      const [{ payload }] = world.sentTo(`tp-${x}`);
      equal(toHex(payload.subarray(0, 24)), toHex(bundle.subarray(0, 24)));
    }
  });

  it("has another pseudonym, nonce and kid context with each exchange, and uses nothing of the one before", () => {
    const heads = new Set<string>();
    const world = worldOf();
    for (let i = 0; i < 5; i++) {
      world.restart();
      world.outcomes.length = 0;
      const { device, enrolment } = { device: world.device(), enrolment: world.enrolment };
      const before = world.passed.length;
      alone.run(
        device,
        enrolment,
        responder,
        () => {},
        (outcome) => {
          if (outcome.confirmed) SensorChannel.keep(device, enrolment, outcome.finished);
          world.outcomes.push(outcome);
        },
        (waiting) => {
          heads.add(toHex(waiting.session.rand.subarray(0, 8)));
          // Before anything of this exchange is known to anybody, nothing is kept of the one before.
          equal(SensorChannel.takenUp(device.storage, responder), undefined);
          equal(world.stored.get("mailbox")?.length ?? 0, 0);
        },
      );
      world.clock.run();
      confirmed(world);
      ok(SensorChannel.takenUp(device.storage, responder) !== undefined);
      writeMailbox(device.storage, ascii("AbCd-_09"));
      const [first] = world.passed.slice(before).filter(({ peer }) => peer === "tp-1");
      const { payload } = decodeMessage(first.datagram)!;
      for (const field of [payload.subarray(1, 3), payload.subarray(4, 12), payload.subarray(12, 16)])
        heads.add(toHex(field));
    }
    equal(heads.size, 4 * 5);
  });

  it("never sends whole messages: an image that knows nothing else refuses to begin", () => {
    const world = worldOf();
    throws(() => world.start(runExchange), /^linkingKey: unsupported$/);
    equal(world.passed.length, 0);
    deepEqual(world.log, []);
  });

  it("takes a trigger that shows no T, and no other", () => {
    const nonce = new Uint8Array(8).fill(9);
    const read = (shown: number, linkingKey: Uint8Array | undefined, of = 1) => {
      const world = new World({ policy, script: () => discreet });
      const claim = { sensor: policy.sensor, responder, t: of, nonce };
      const vouchers = [1, 3].map((x) => ({ x, tag: triggerTag(primitives, chainedPsk(x, of), claim) }));
      const payload = encodeTrigger({ ...claim, t: shown }, vouchers, [responder]);
      return readTrigger(world.device(), { ...world.enrolment, linkingKey }, payload);
    };
    equal(typeof read(HIDDEN_T, KEY), "object");
    equal(read(1, KEY), "T 1 is not the next");
    equal(read(HIDDEN_T, undefined), "T 0 is not the next");
    equal(typeof read(1, undefined), "object");
    equal(read(HIDDEN_T, KEY, 2), "0 third parties vouch for it, not 2");
  });

  it("takes the way that its enrolment names", () => {
    const { enrolment } = worldOf();
    const { linkingKey: _, ...named } = enrolment;
    equal(directWay(enrolment), alone);
    equal(directWay(named), direct);
    equal(sleepersWay(enrolment), alone);
    equal(sleepersWay(named), direct);
    ok(sleepersWay({ ...enrolment, gateway: GATEWAY }).prepare !== direct.prepare);
  });
});
