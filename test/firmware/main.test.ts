import type { Device } from "../../firmware/device.js";
import { toHex } from "../../protocol/bytes.js";
import { decodeMessage as decodeCoap } from "../../protocol/coap/message.js";
import { Codes, Types } from "../../protocol/coap/numbers.js";
import { fingerprint } from "../../protocol/exchange/fingerprint.js";
import { refusalMessage } from "../../protocol/exchange/over-coap.js";
import { ErrorNumbers } from "../../protocol/mikey/numbers.js";
import type { RandomSource } from "../../protocol/primitives.js";
import { policyOf, pskOf } from "../protocol/exchange/parties.js";
import { deepEqual, equal, notEqual, ok, throws } from "../support/assert.js";
import { primitives } from "../support/primitives.js";
import { forgetful, honest, type Script, silent, TRAVEL, World, type WorldOptions } from "./simulation.js";

/** A 2 of 3 with these third parties. */
function worldOf(scripts: readonly Script[], options: Partial<WorldOptions> = {}): World {
  return new World({ policy: policyOf(2, 1, 3), script: (x) => scripts[x - 1], ...options });
}

/** Runs a whole exchange, and checks what holds for every one. */
function run(world: World): World {
  world.start();
  world.clock.run();
  return ended(world);
}

/** One outcome, told once and last; the link closed, and nothing after it; no timer left; T before all. */
function ended(world: World): World {
  const { log, events, outcomes, clock } = world;
  equal(outcomes.length, 1, "outcomes");
  equal(events.filter(({ event }) => event === "finished").length, 1);
  equal(events.at(-1)?.event, "finished");
  equal(log.at(-1), "close");
  equal(clock.pending, 0, "timers");
  deepEqual(
    log.slice(0, 3).map((line) => line.split(" ")[0]),
    ["read", "write", "open"],
  );
  const [outcome] = outcomes;
  const keys = outcome.confirmed ? outcome.finished.keys : outcome.keys;
  const last = events.at(-1);
  ok(last?.event === "finished");
  equal(last.tek, fingerprint(primitives, keys));
  equal(last.agreed, outcome.confirmed);
  equal(last.confirmed, outcome.confirmed);
  if (outcome.confirmed) deepEqual(keys, world.agreed?.keys);
  else equal(last.reason, outcome.reason);
  return world;
}

const agrees = (world: World): void => equal(run(world).outcomes[0].confirmed, true, "agreed");
function reasonOf(world: World): string {
  const [outcome] = run(world).outcomes;
  ok(!outcome.confirmed);
  return outcome.reason;
}
const refusalsOf = (world: World) =>
  world.events.flatMap((event) =>
    event.event === "refused" ? [[event.from, event.error, event.reason]] : [],
  );
const named = (x: number) => `0x${toHex(policyOf().thirdParties[x - 1].data)}`;

describe("the firmware in an exchange", () => {
  it("agrees with the Responder, and tells each message once", () => {
    const world = worldOf([honest, honest, honest]);
    agrees(world);
    deepEqual(
      world.events.slice(0, -1),
      [1, 2, 3].map((x) => ({
        event: "message" as const,
        name: "I_TP" as const,
        from: `0x${toHex(world.policy.sensor.data)}`,
        to: named(x),
        bytes: 117,
      })),
    );
    for (const x of [1, 2, 3]) equal(world.sentTo(`tp-${x}`).length, 1);
  });

  it("stores T before the first datagram leaves, and takes a new one for each exchange", () => {
    const world = worldOf([honest, honest, honest]);
    world.start();
    deepEqual(world.log, [
      "read chain",
      "write chain 00000002",
      "open",
      "send tp-1",
      "send tp-2",
      "send tp-3",
    ]);
    world.clock.run();
    const next = worldOf([honest, honest, honest], { seed: "next" });
    for (const [name, value] of world.stored) next.stored.set(name, value);
    agrees(next);
    equal(next.log[1], "write chain 00000003");
    const teks = [world, next].map(({ agreed }) => toHex(agreed!.keys.tek));
    notEqual(teks[0], teks[1]);
  });

  it("needs k third parties only", () => {
    for (const scripts of [
      [silent, honest, honest],
      [honest, silent, honest],
      [honest, honest, forgetful],
    ]) {
      agrees(worldOf(scripts));
    }
  });

  it("acknowledges the response that ends it", () => {
    const world = worldOf([honest, honest, silent]);
    agrees(world);
    const last = world.passed.filter(({ from }) => from === "sensor").at(-1)!;
    equal(decodeCoap(last.datagram)?.type, Types.ACK);
  });

  it("takes a response in the acknowledgement, and one in a NON", () => {
    const inAcknowledgement: Script = (request, party) => {
      party.world.collect(party.x, request.message.payload);
      if (party.world.agreed === undefined) return party.acknowledge(request);
      party.piggyback(request, Codes.changed, party.answer(request, party.world.agreed.message));
    };
    agrees(worldOf([inAcknowledgement, inAcknowledgement, silent]));
    const inNon: Script = (request, party) => {
      party.world.collect(party.x, request.message.payload);
      party.world.whenAgreed(() => {
        party.separate(request, Codes.changed, party.answer(request, party.world.agreed!.message), Types.NON);
      });
    };
    agrees(worldOf([inNon, inNon, silent]));
  });

  it("repeats what is not acknowledged, byte for byte", () => {
    // The first two datagrams to everybody are lost, and everybody is needed.
    const world = worldOf([honest, honest, honest], {
      policy: policyOf(3, 2, 3),
      loses: ({ from, number }) => from === "sensor" && number <= 2,
      deadline: 60,
    });
    agrees(world);
    for (const x of [1, 2, 3]) {
      const sent = world.passed.filter(({ from, peer }) => from === "sensor" && peer === `tp-${x}`);
      deepEqual(sent[0].datagram, sent[1].datagram);
      deepEqual(sent[0].datagram, sent[2].datagram);
      const first = sent[1].at - sent[0].at;
      ok(first >= 2000 && first <= 3000, `ACK_TIMEOUT, got ${first}`);
      ok(Math.abs(sent[2].at - sent[1].at - 2 * first) < 1, "doubled");
    }
    equal(world.events.filter(({ event }) => event === "message").length, 3);
  });

  it("asks at halftime whoever acknowledged and lost the message", () => {
    const world = worldOf(
      [2, 1, 2].map(
        (times): Script =>
          (request, party) => {
            // Acknowledged, then a crash: it is as if the message had never come.
            (request.earlier + 1 < times ? forgetful : honest)(request, party);
          },
      ),
    );
    world.start();
    world.clock.run(9_999);
    equal(world.outcomes.length, 0);
    for (const x of [1, 2, 3]) equal(world.sentTo(`tp-${x}`).length, 1);
    world.clock.run();
    equal(ended(world).outcomes[0].confirmed, true);
    for (const x of [1, 2, 3]) {
      const [first, again] = world.sentTo(`tp-${x}`);
      deepEqual(again.payload, first.payload);
      notEqual(again.messageId, first.messageId);
      notEqual(toHex(again.token), toHex(first.token));
    }
    // And it is the same message: told once.
    equal(world.events.filter(({ event }) => event === "message").length, 3);
  });

  it("takes a late answer to the first question, when the second one is lost", () => {
    const late: Script = (request, party) => {
      party.acknowledge(request);
      party.world.collect(party.x, request.message.payload);
      party.world.whenAgreed(() => {
        const answer = party.answer(request, party.world.agreed!.message);
        party.world.clock.set(() => party.separate(request, Codes.changed, answer), 12_000);
      });
    };
    const world = worldOf([late, late, silent], {
      loses: ({ from, number, peer }) => from === "sensor" && peer !== "tp-3" && number > 1,
    });
    agrees(world);
    const [first, again] = world.sentTo("tp-1");
    notEqual(again.messageId, first.messageId);
  });

  it("leaves at halftime what is not acknowledged yet to CoAP", () => {
    const world = worldOf([silent, silent, silent]);
    reasonOf(world);
    for (const x of [1, 2, 3]) {
      const sent = world.sentTo(`tp-${x}`);
      ok(sent.length > 2);
      equal(new Set(sent.map(({ messageId }) => messageId)).size, 1);
    }
  });

  it("does not ask at halftime who has given its receipt", () => {
    const receipt: Script = (request, party) =>
      party.piggyback(request, Codes.changed, party.answer(request));
    const world = worldOf([receipt, forgetful, forgetful]);
    equal(reasonOf(world), "1 of 3 third parties took their share, 1 short of the 2 needed");
    deepEqual(
      [1, 2, 3].map((x) => world.sentTo(`tp-${x}`).length),
      [1, 2, 2],
    );
  });

  it("gives up at the deadline, and says what was missing", () => {
    const world = worldOf([silent, forgetful, silent], { deadline: 7 });
    const before = world.clock.now();
    equal(reasonOf(world), "0 of 3 third parties took their share, 2 short of the 2 needed");
    equal(world.clock.now() - before, 7_000);
    equal(world.agreed, undefined);
  });

  it("gives up at once when every third party has taken its share and none has R_I", () => {
    const receipt: Script = (request, party) =>
      party.piggyback(request, Codes.changed, party.answer(request));
    const world = worldOf([receipt, receipt, receipt]);
    const before = world.clock.now();
    equal(
      reasonOf(world),
      "3 of 3 third parties took their share, but no confirmation of the Responder came",
    );
    equal(world.clock.now() - before, 2 * TRAVEL);
  });

  it("does not take an error's word for it: the exchange goes on, and asks again at halftime", () => {
    const refusing: Script = (request, party) => {
      if (request.earlier > 0) return honest(request, party);
      const { payload } = request.message;
      party.piggyback(request, Codes.forbidden, refusalMessage(payload, ErrorNumbers.timestamp));
    };
    const world = worldOf([refusing, refusing, refusing]);
    agrees(world);
    deepEqual(
      refusalsOf(world),
      [1, 2, 3].map((x) => [named(x), 1, "error 1 (4.03)"]),
    );
  });

  it("does not end for forged answers, resets and answers that are no MIKEY", () => {
    const forging: Script = (request, party) => {
      if (request.earlier > 0) return honest(request, party);
      if (party.x === 1) party.piggyback(request, Codes.changed, new Uint8Array(40));
      else if (party.x === 2) party.piggyback(request, Codes.internalServerError, new Uint8Array(0));
      else
        party.send(Uint8Array.of(0x70, 0, request.message.messageId >> 8, request.message.messageId & 255));
    };
    const world = worldOf([forging, forging, forging]);
    agrees(world);
    const refusals = refusalsOf(world);
    deepEqual(
      refusals.map(([from, error]) => [from, error]),
      [
        [named(1), 0],
        [named(2), null],
        [named(3), null],
      ],
    );
    deepEqual(
      refusals.slice(1).map(([, , reason]) => reason),
      ["answered 5.00", "reset"],
    );
  });

  it("ignores datagrams of strangers", () => {
    const world = worldOf([honest, honest, honest]);
    world.start();
    const [{ datagram }] = world.passed;
    const request = decodeCoap(datagram)!;
    for (const peer of ["tp-2", "stranger"]) {
      world.carry("peer", peer, Uint8Array.of(0x60, 0x83, request.messageId >> 8, request.messageId & 255));
      world.carry("peer", peer, Uint8Array.of(0x44, 0x44, 0, 1, ...request.token));
      world.carry("peer", peer, new Uint8Array(0));
    }
    world.clock.run();
    equal(ended(world).outcomes[0].confirmed, true);
    deepEqual(refusalsOf(world), []);
  });

  it("hears nothing after its outcome: late answers, duplicates, requests", () => {
    // ended() finds whatever the board still sends: its link throws once it is closed.
    const late: Script = (request, party) => {
      honest(request, party);
      party.world.clock.set(() => party.separate(request, Codes.changed, party.answer(request)), 60_000);
      party.world.clock.set(() => party.send(Uint8Array.of(0x40, 0x01, 0x12, 0x34)), 60_000);
    };
    agrees(worldOf([late, late, late]));
    const slow: Script = (request, party) => {
      party.acknowledge(request);
      party.world.collect(party.x, request.message.payload);
      party.world.whenAgreed(() => {
        const answer = party.answer(request, party.world.agreed!.message);
        party.world.clock.set(() => party.separate(request, Codes.changed, answer), 30_000);
      });
    };
    equal(
      reasonOf(worldOf([slow, slow, slow])),
      "0 of 3 third parties took their share, 2 short of the 2 needed",
    );
  });

  it("asks third parties at one address one after the other (NSTART), and ends cleanly", () => {
    agrees(worldOf([honest, honest, honest], { addressOf: () => "gateway" }));
    agrees(worldOf([honest, honest, silent], { addressOf: (x) => (x === 1 ? "tp-1" : "gateway") }));
    reasonOf(worldOf([silent, silent, silent], { addressOf: () => "gateway" }));
  });

  it("has one outcome on a network that loses 30 %, and mostly agreement", () => {
    let agreements = 0;
    for (let seed = 1; seed <= 12; seed++) {
      let state = seed;
      const loses = () => {
        state = (Math.imul(state, 1103515245) + 12345) >>> 0;
        return (state >>> 16) % 100 < 30;
      };
      const policy = policyOf(3, 2, 5);
      const world = run(new World({ policy, script: () => honest, loses, seed: `loss ${seed}` }));
      if (world.outcomes[0].confirmed) agreements++;
    }
    ok(agreements >= 10, `${agreements} of 12 agreed`);
  });

  it("shows no key in what it tells", () => {
    for (const scripts of [
      [honest, honest, honest],
      [silent, silent, silent],
    ]) {
      const world = run(worldOf(scripts));
      const text = JSON.stringify(world.events) + world.log.join();
      const [outcome] = world.outcomes;
      const { tek, salt } = outcome.confirmed ? outcome.finished.keys : outcome.keys;
      for (const secret of [tek, salt, pskOf(1), pskOf(2), pskOf(3)]) {
        equal(text.includes(toHex(secret).slice(0, 8)), false);
      }
    }
  });
});

describe("a board that fails", () => {
  const failing = (device: (own: Device) => Partial<Device>) => worldOf([honest, honest, honest], { device });
  /** Nothing was sent, nothing is open, nothing will happen. */
  function isQuiet(world: World): void {
    deepEqual(world.passed, []);
    deepEqual(
      world.events.filter(({ event }) => event === "finished"),
      [],
    );
    equal(world.clock.pending, 0, "timers");
    equal(
      world.log.filter((line) => line === "open").length,
      world.log.filter((line) => line === "close").length,
    );
    deepEqual(world.outcomes, []);
  }

  it("sends nothing without entropy, at whichever call it fails", () => {
    let calls = 0;
    const counting = failing(({ random }) => ({
      random: (length) => {
        calls++;
        return random(length);
      },
    }));
    counting.start();
    // Nonce, TGK, CoAP's message ID; a token and a timeout for each of three requests.
    equal(calls, 9);
    for (let last = 0; last < calls; last++) {
      let left = last;
      const random: (own: RandomSource) => RandomSource = (own) => (length) => {
        if (left-- === 0) throw new Error("entropy: no source");
        return own(length);
      };
      const world = failing((own) => ({ random: random(own.random) }));
      throws(() => world.start(), /entropy: no source/, `call ${last + 1}`);
      isQuiet(world);
    }
  });

  it("sends nothing when T can't be stored or read, or is used up", () => {
    const unwritable = failing(({ storage }) => ({
      storage: {
        ...storage,
        write() {
          throw new Error("flash: worn out");
        },
      },
    }));
    throws(() => unwritable.start(), /flash: worn out/);
    isQuiet(unwritable);
    const unreadable = failing(({ storage }) => ({
      storage: {
        ...storage,
        read() {
          throw new Error("flash: no answer");
        },
      },
    }));
    throws(() => unreadable.start(), /flash: no answer/);
    isQuiet(unreadable);
    const over = worldOf([honest, honest, honest]);
    const used = worldOf([honest, honest, honest]);
    used.start();
    for (const [name, value] of used.stored) over.stored.set(name, value.slice().fill(0, 8, 12));
    throws(() => over.start(), /T: all values are used/);
    isQuiet(over);
  });

  it("leaves neither TGK nor PSKs in memory when its link can't be opened", () => {
    const secrets: Uint8Array[] = [];
    const closed = failing((own) => ({
      steps: {
        ...own.steps,
        createShareMessages(session, psks, weights, tgk, mark) {
          secrets.push(tgk, ...psks);
          return own.steps.createShareMessages(session, psks, weights, tgk, mark);
        },
      },
      openLink() {
        throw new Error("link: no radio");
      },
    }));
    throws(() => closed.start(), /link: no radio/);
    equal(secrets.length, 4);
    for (const secret of secrets) ok(secret.every((byte) => byte === 0));
  });

  it("stays quiet when its link can't be opened or can't send", () => {
    const closed = failing(() => ({
      openLink() {
        throw new Error("link: no radio");
      },
    }));
    throws(() => closed.start(), /link: no radio/);
    isQuiet(closed);
    const mute = failing((own) => ({
      openLink: (onDatagram) => ({
        ...own.openLink(onDatagram),
        send() {
          throw new Error("link: no route");
        },
      }),
    }));
    throws(() => mute.start(), /link: no route/);
    isQuiet(mute);
  });
});
