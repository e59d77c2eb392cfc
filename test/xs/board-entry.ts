/** What test/xs/board.test.ts runs on the Linux board: the first argument says which part. */
/// <reference path="../../firmware/native/native.d.ts" />

import { createDevice } from "../../boards/linux/device.js";
import * as host from "../../boards/linux/modules/process.js";
import { ascii, toHex } from "../../protocol/bytes.js";

const [part, ...rest] = host.args();

const parts: Record<string, () => void | Promise<void>> = {
  /** Prints the arguments and the engine. */
  arguments() {
    host.print(JSON.stringify({ arguments: rest, engine: host.engine() }));
  },

  /** Counts its runs in storage. */
  storage() {
    const { storage } = createDevice({ state: rest[0] }).device;
    const before = storage.read("counter")?.[0] ?? 0;
    storage.write("counter", Uint8Array.of(before + 1, 0xff));
    host.print(JSON.stringify({ before, after: toHex(storage.read("counter")!) }));
  },

  /** Sends to a peer that answers, and prints what comes. */
  link() {
    const { device, counters } = createDevice({ state: rest[1], address: "127.0.0.1" });
    const give = device.clock.set(() => host.exit(1), 5000);
    const link = device.openLink((peer, datagram) => {
      link.close();
      device.clock.clear(give);
      host.print(JSON.stringify({ peer, datagram: toHex(datagram), counters }));
    });
    link.send(rest[0], ascii("ping").subarray(1));
  },

  /** Timers in the order of their time, promise jobs between them; one is cleared. */
  async timers() {
    const { clock } = createDevice({ state: rest[0] }).device;
    const order: string[] = [];
    const start = clock.now();
    clock.set(() => order.push("20 ms"), 20);
    clock.set(() => {
      order.push("10 ms");
      Promise.resolve().then(() => order.push("job"));
      clock.clear(cleared);
    }, 10);
    clock.set(() => order.push("10 ms too"), 10);
    const cleared = clock.set(() => order.push("cleared"), 15);
    await new Promise<void>((resolve) => clock.set(resolve, 30));
    host.print(JSON.stringify({ order, late: clock.now() - start >= 30 }));
  },

  /** Computes a little, and prints the figures. */
  figures() {
    let list: number[] = [];
    const before = host.computrons();
    for (let i = 0; i < 10_000; i++) list.push(i);
    list = [];
    host.print(
      JSON.stringify({
        computrons: host.computrons() - before,
        slotBytes: host.slotBytes(),
        chunkBytes: host.chunkBytes(),
      }),
    );
  },

  exit() {
    host.print("before");
    host.exit(3);
  },
  throw() {
    throw new RangeError("thrown on purpose");
  },
  throwInTimer() {
    createDevice({ state: "" }).device.clock.set(() => {
      throw new RangeError("thrown on purpose");
    }, 1);
  },
  reject() {
    Promise.reject(new RangeError("rejected on purpose"));
  },
  native() {
    native("xs_unknown");
  },
  name() {
    createDevice({ state: "/nowhere" }).device.storage.read("../passwd");
  },
  folder() {
    createDevice({ state: "/nowhere/at/all" }).device.storage.write("counter", ascii("1"));
  },
};

await parts[part]();
