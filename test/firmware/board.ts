/** A board for tests of the application: it is woken, and its power is cut at any point. */

import { type ApplicationEvent, type ApplicationOptions, runWakeUp } from "../../firmware/application.js";
import type { Device, Link } from "../../firmware/device.js";
import { toHex } from "../../protocol/bytes.js";
import { referenceSteps } from "../../protocol/exchange/reference-steps.js";
import type { Primitives } from "../../protocol/primitives.js";
import { policyOf } from "../protocol/exchange/parties.js";
import { equal } from "../support/assert.js";
import { primitives } from "../support/primitives.js";
import { Hospital } from "./hospital.js";
import { honest, type Script, World, type WorldOptions } from "./simulation.js";

/** Milliseconds of sleep. */
export const INTERVAL = 60_000;

/** A board that can be woken, and whose power can be cut. */
export class Board {
  readonly hospital = new Hospital();
  readonly events: ApplicationEvent[] = [];
  readonly world: World;
  /** Every seal of the board: key and nonce, and what was sealed under them. */
  readonly seals = new Map<string, Set<string>>();
  slept = 0;
  /** Power is cut at this operation; there are so many so far. */
  cutAt = Number.POSITIVE_INFINITY;
  operations = 0;
  #dead = false;
  #tested = false;

  constructor(
    scripts: readonly Script[] = [honest, honest, honest],
    readonly options: Partial<ApplicationOptions> = {},
    readonly change: (device: Device) => Device = (device) => device,
    world: Partial<WorldOptions> = {},
  ) {
    this.world = new World({
      policy: policyOf(2, 1, 3),
      script: (x) => (request, party) => scripts[x - 1](request, party),
      hospital: this.hospital.hear,
      device: (device) => this.change(this.#mortal(device)),
      ...world,
    });
  }

  /** One wake-up, to its sleep or to its cut; what the board told in it. */
  wake(): ApplicationEvent[] {
    const { world } = this;
    const before = this.events.length;
    const slept = this.slept;
    this.#dead = false;
    this.#tested = false;
    this.hospital.learn(world);
    world.restart();
    try {
      runWakeUp(world.device(), () => world.enrolment, {
        ...{ interval: INTERVAL, exchangeEvery: 1000, early: true, ...this.options },
        sense:
          this.options.sense ?? (() => [{ name: "n", unit: "Cel", value: this.events.length, decimals: 1 }]),
        onEvent: (event) => this.events.push(event),
        sleep: (milliseconds) => {
          this.slept++;
          this.options.sleep?.(milliseconds);
        },
      });
      world.clock.run();
    } catch (error) {
      if (!(error instanceof PowerCut)) throw error;
    }
    if (!this.#dead) equal(this.slept, slept + 1, "sleeps");
    return this.events.slice(before);
  }

  get acknowledged(): boolean {
    const last = this.events.at(-1);
    return last?.event === "sleeping" && last.acknowledged;
  }

  /** An operation of the board, before which and behind which power may go. */
  #operate<T>(work: () => T): T {
    this.#live();
    if (this.operations++ === this.cutAt) this.#cut();
    const result = work();
    if (this.operations++ === this.cutAt) this.#cut();
    return result;
  }

  #live(): void {
    if (this.#dead) throw new PowerCut();
  }

  #cut(): never {
    this.#dead = true;
    this.hospital.learn(this.world);
    this.world.restart();
    throw new PowerCut();
  }

  #mortal(device: Device): Device {
    const seal: Primitives["ccmSeal"] = (key, nonce, aad, plaintext, tagLength) => {
      const sealed = primitives.ccmSeal(key, nonce, aad, plaintext, tagLength);
      // The self-test seals the same each time, before anything is read.
      if (!this.#tested) return sealed;
      const name = `${toHex(key)} ${toHex(nonce)}`;
      this.seals.set(name, (this.seals.get(name) ?? new Set()).add(toHex(sealed)));
      return sealed;
    };
    const { storage } = device;
    const spied = { ...primitives, ccmSeal: seal };
    return {
      ...device,
      primitives: spied,
      steps: referenceSteps(spied),
      storage: {
        read: (name) => {
          this.#tested = true;
          return this.#operate(() => storage.read(name));
        },
        write: (name, value) => this.#operate(() => storage.write(name, value)),
      },
      openLink: (onDatagram) => {
        const link = device.openLink(onDatagram);
        const send: Link["send"] = (peer, datagram) => this.#operate(() => link.send(peer, datagram));
        return { ...link, send };
      },
    };
  }
}

class PowerCut extends Error {}
