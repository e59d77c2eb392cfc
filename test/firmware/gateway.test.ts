/** The sensor and its gateway: the bundle, the mailbox, the sleep between them, and a gateway that is of no use. */

import { SensorChannel } from "../../firmware/channel.js";
import type { CollectionEvent } from "../../firmware/collection.js";
import type { Device } from "../../firmware/device.js";
import { gatewayWay } from "../../firmware/gateway.js";
import type { SensorEvent } from "../../firmware/sensor-event.js";
import { ascii, toHex } from "../../protocol/bytes.js";
import { Codes } from "../../protocol/coap/numbers.js";
import { deepEqual, equal, ok } from "../support/assert.js";
import { FakeGateway, policy } from "./fake-gateway.js";
import { GATEWAY, honest, silent, World, type WorldOptions } from "./simulation.js";

function worldOf(gateway: FakeGateway, options: Partial<WorldOptions> = {}): World {
  return new World({ policy, script: () => honest, gateway: gateway.hear, ...options });
}

const toThirdParties = (world: World) =>
  [1, 2, 3].flatMap((x) => world.sentTo(`tp-${x}`).map(({ payload }) => toHex(payload)));

function confirmed(world: World): void {
  equal(world.outcomes.length, 1, "outcomes");
  const [outcome] = world.outcomes;
  ok(outcome.confirmed, "confirmed");
  deepEqual(outcome.finished.keys, world.agreed?.keys);
  equal(world.clock.pending, 0, "timers");
}

/** What a wake-up finishes of an exchange that was begun before the sleep. */
function prepare(world: World): (SensorEvent | CollectionEvent)[] {
  const events: (SensorEvent | CollectionEvent)[] = [];
  let ready = 0;
  gatewayWay({ delayed: true }).prepare(
    world.device(),
    world.enrolment,
    (event) => events.push(event),
    () => ready++,
  );
  world.clock.run();
  equal(ready, 1, "ready");
  return events;
}

const resumed = (device: Device, world: World) =>
  SensorChannel.takenUp(device.storage, world.enrolment.responder);

describe("a sensor that stays awake, with a gateway", () => {
  const way = gatewayWay({ delayed: false });

  it("sends one bundle of 80 bytes, and finishes with R_I out of the mailbox", () => {
    const gateway = new FakeGateway();
    const world = worldOf(gateway);
    world.start(way.run);
    world.clock.run();
    confirmed(world);
    deepEqual(
      world.sentTo(GATEWAY.address).map(({ payload }) => payload.length),
      [80, 0],
    );
    deepEqual(toThirdParties(world), []);
  });

  it("waits at the mailbox until R_I is there", () => {
    const gateway = new FakeGateway();
    gateway.delivers = false;
    const world = worldOf(gateway);
    world.start(way.run);
    world.clock.run(3_000);
    gateway.deliver(world);
    world.clock.run();
    confirmed(world);
    deepEqual(toThirdParties(world), []);
  });

  it("takes what is no R_I of this exchange for nothing, and goes on to the next", () => {
    const gateway = new FakeGateway();
    gateway.junk = [new Uint8Array(3), new Uint8Array(20), new Uint8Array(400)];
    const world = worldOf(gateway);
    world.start(way.run);
    world.clock.run();
    confirmed(world);
    equal(world.events.filter(({ event }) => event === "refused").length, 3);
  });

  it("sends the whole messages, with the bytes of the restored ones, when the gateway only takes the bundle", () => {
    const gateway = new FakeGateway();
    gateway.delivers = false;
    const world = worldOf(gateway);
    world.start(way.run);
    world.clock.run();
    confirmed(world);
    gateway.deliver(world);
    deepEqual(toThirdParties(world), gateway.restored.map(toHex));
  });

  it("sends the whole messages at once when the gateway refuses, and after half of the time when it is silent", () => {
    for (const [code, answers, latest] of [
      [Codes.forbidden, true, 200],
      [Codes.changed, true, 200],
      [Codes.created, false, 10_000],
    ] as const) {
      const gateway = new FakeGateway();
      Object.assign(gateway, { code, answers });
      const world = worldOf(gateway);
      const begin = world.clock.now();
      world.start(way.run);
      world.clock.run();
      confirmed(world);
      const first = world.passed.find(({ peer }) => peer.startsWith("tp-"));
      ok(first !== undefined && first.at - begin <= latest, `${first?.at}`);
    }
  });

  it("sends the whole messages, and stores nothing, when the mailbox's name is longer than any", () => {
    for (const [length, stored] of [
      [32, true],
      [33, false],
    ] as const) {
      const gateway = new FakeGateway();
      Object.assign(gateway, { delivers: false, name: "a".repeat(length) });
      const world = worldOf(gateway);
      world.start(way.run);
      world.clock.run();
      confirmed(world);
      equal(world.stored.has("mailbox"), stored);
    }
  });

  it("says why when neither way leads anywhere, and leaves nothing behind", () => {
    const gateway = new FakeGateway();
    gateway.delivers = false;
    const world = worldOf(gateway, { script: () => silent });
    world.start(way.run);
    world.clock.run();
    const [outcome] = world.outcomes;
    ok(!outcome.confirmed);
    equal(world.clock.pending, 0, "timers");
    equal(
      world.log.filter((line) => line === "open").length,
      world.log.filter((line) => line === "close").length,
    );
  });
});

describe("a sensor that sleeps, with a gateway", () => {
  const way = gatewayWay({ delayed: true });

  /** The first wake-up. */
  function suspended(gateway: FakeGateway): World {
    const world = worldOf(gateway);
    world.start(way.run);
    world.clock.run();
    equal(world.outcomes.length, 1);
    ok(!world.outcomes[0].confirmed);
    equal(world.events.at(-1)?.event, "suspended");
    equal(world.clock.pending, 0, "timers");
    deepEqual(
      world.sentTo(GATEWAY.address).map(({ payload }) => payload.length),
      [80],
    );
    return world;
  }

  it("keeps the exchange, and finishes it when it wakes", () => {
    const world = suspended(new FakeGateway());
    const events = prepare(world);
    const [finished] = events;
    ok(finished.event === "finished" && finished.confirmed);
    equal(resumed(world.device(), world), 1);
    // Nothing is left of the exchange but its channel.
    deepEqual([...(world.stored.get("pending") ?? [1])], []);
    deepEqual(prepare(world), []);
  });

  it("sleeps at once when what it got can't be kept, and gets it again when it can", () => {
    const world = suspended(new FakeGateway());
    const device = world.device();
    const storage = {
      read: (name: string) => device.storage.read(name),
      write() {
        throw new Error("flash: full");
      },
    };
    const ready: (string | undefined)[] = [];
    const way = gatewayWay({ delayed: true });
    way.prepare(
      { ...device, storage },
      world.enrolment,
      () => {},
      (failure) => ready.push(failure),
    );
    world.clock.run();
    deepEqual(ready, ["flash: full"]);
    equal(prepare(world).length, 1);
    equal(resumed(world.device(), world), 1);
  });

  it("goes on waiting while R_I is not there, and while the gateway is silent", () => {
    const gateway = new FakeGateway();
    gateway.delivers = false;
    const world = suspended(gateway);
    deepEqual(prepare(world), []);
    gateway.answers = false;
    deepEqual(prepare(world), []);
    gateway.answers = true;
    gateway.deliver(world);
    equal(prepare(world).length, 1);
    equal(resumed(world.device(), world), 1);
  });

  it("finds R_I behind what is none", () => {
    const gateway = new FakeGateway();
    gateway.junk = [new Uint8Array(3), new Uint8Array(20)];
    const events = prepare(suspended(gateway));
    deepEqual(
      events.map(({ event }) => event),
      ["refused", "refused", "finished"],
    );
  });

  it("gives the exchange up when the mailbox is gone", () => {
    const gateway = new FakeGateway();
    gateway.delivers = false;
    const world = suspended(gateway);
    world.stored.set("mailbox", ascii("elsewhere"));
    deepEqual(prepare(world), []);
    deepEqual([...(world.stored.get("pending") ?? [1])], []);
  });

  it("keeps nothing of an exchange that took the other way", () => {
    const gateway = new FakeGateway();
    gateway.answers = false;
    const world = worldOf(gateway);
    world.start(way.run);
    world.clock.run();
    confirmed(world);
    deepEqual(prepare(world), []);
  });
});
