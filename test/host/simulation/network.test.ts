import assert from "node:assert/strict";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { corrupted, draw, Network, type Passage, type Relay } from "../../../host/simulation/network.js";

/** A socket on loopback that remembers what it heard. */
async function endpoint(onMessage?: (datagram: Buffer, port: number, socket: Socket) => void) {
  const socket = createSocket("udp4");
  const heard: string[] = [];
  socket.on("message", (datagram, { port }) => {
    heard.push(datagram.toString());
    onMessage?.(datagram, port, socket);
  });
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return { socket, heard, port: socket.address().port };
}

async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 200 && !condition(); i++) await sleep(10);
  assert.ok(condition(), `still not: ${condition}`);
}

describe("simulation: network", () => {
  const opened: { close(): void }[] = [];
  const errors: Error[] = [];
  const onError = (error: Error) => errors.push(error);

  afterEach(() => {
    for (const thing of opened.splice(0)) thing.close();
    assert.deepEqual(errors.splice(0), []);
  });

  async function echoBehind(drop: number, seed: number, observers: ((passage: Passage) => void)[] = []) {
    const network = new Network({ drop, observers, onError });
    const server = await endpoint((datagram, port, socket) =>
      socket.send(`re:${datagram}`, port, "127.0.0.1"),
    );
    const relay = await network.open("sensor", "party", seed);
    relay.connect({ address: "127.0.0.1", port: server.port });
    opened.push(network, server.socket);
    return { network, server, relay };
  }

  async function client() {
    const made = await endpoint();
    opened.push(made.socket);
    return made;
  }

  function send(from: { socket: Socket }, relay: Relay, text: string): void {
    from.socket.send(text, Number(relay.address.split(":")[1]), "127.0.0.1");
  }

  it("brings each client its own replies", async () => {
    const { relay, server } = await echoBehind(0, 1);
    const [a, b] = [await client(), await client()];
    send(a, relay, "a1");
    send(b, relay, "b1");
    send(a, relay, "a2");
    await until(() => a.heard.length === 2 && b.heard.length === 1);
    assert.deepEqual(a.heard, ["re:a1", "re:a2"]);
    assert.deepEqual(b.heard, ["re:b1"]);
    assert.equal(relay.bindings, 2);
    assert.equal(server.heard.length, 3);
    assert.deepEqual(relay.counts, {
      towardsServer: { datagrams: 3, bytes: 6, lost: 0 },
      towardsClient: { datagrams: 3, bytes: 15, lost: 0 },
    });
  });

  it("loses everything at 1 and tells the observers", async () => {
    const seen: Passage[] = [];
    const { relay, server } = await echoBehind(1, 1, [(passage) => seen.push(passage)]);
    const a = await client();
    send(a, relay, "gone");
    await until(() => seen.length === 1);
    await sleep(20);
    assert.deepEqual(server.heard, []);
    const { from, to, lost, towardsServer, clientPort, datagram, time } = seen[0];
    assert.deepEqual(
      { from, to, lost, towardsServer, clientPort, text: Buffer.from(datagram).toString() },
      { from: "sensor", to: "party", lost: true, towardsServer: true, clientPort: a.port, text: "gone" },
    );
    assert.ok(Math.abs(time - Date.now()) < 5000);
  });

  it("decides by seed, link and index only", async () => {
    const fates: Record<string, boolean[]> = {};
    const { relay, network } = await echoBehind(0.4, 42, [
      ({ from, to, lost }) => {
        const link = `${from}>${to}`;
        fates[link] ??= [];
        fates[link].push(lost);
      },
    ]);
    const other = await network.open("someone", "else", 42);
    const a = await client();
    for (let i = 0; i < 40; i++) {
      send(a, relay, `${i}`);
      if (i % 3 === 0) send(a, other, "noise");
      await sleep(1);
    }
    await until(() => fates["sensor>party"]?.length === 40);
    await sleep(20);
    for (const [from, to] of [
      ["sensor", "party"],
      ["party", "sensor"],
      ["someone", "else"],
    ]) {
      const observed = fates[`${from}>${to}`];
      assert.deepEqual(
        observed,
        observed.map((_, i) => draw(42, { from, to }, i) < 0.4),
      );
    }
    const lost = fates["sensor>party"].filter(Boolean).length;
    assert.equal(fates["party>sensor"].length, 40 - lost);
    // Another run with another seed begins its own streams.
    delete fates["sensor>party"];
    relay.reseed(43);
    for (let i = 0; i < 20; i++) send(a, relay, `${i}`);
    await until(() => fates["sensor>party"]?.length === 20);
    assert.deepEqual(
      fates["sensor>party"],
      Array.from({ length: 20 }, (_, i) => draw(43, { from: "sensor", to: "party" }, i) < 0.4),
    );
  });

  it("draws evenly and independently for each direction", () => {
    const samples = 20_000;
    let below = 0;
    let both = 0;
    for (let i = 0; i < samples; i++) {
      const there = draw(7, { from: "a", to: "b" }, i) < 0.2;
      if (there) below++;
      if (there && draw(7, { from: "b", to: "a" }, i) < 0.2) both++;
    }
    // Five standard deviations.
    assert.ok(Math.abs(below - 0.2 * samples) < 5 * Math.sqrt(samples * 0.16), `${below}`);
    assert.ok(Math.abs(both - 0.04 * samples) < 5 * Math.sqrt(samples * 0.0384), `${both}`);
  });

  it("lets nobody but the server answer", async () => {
    const { relay, server } = await echoBehind(0, 1);
    const a = await client();
    send(a, relay, "hello");
    await until(() => a.heard.length === 1);
    const stranger = await client();
    let binding = 0;
    server.socket.once("message", (_, { port }) => {
      binding = port;
    });
    send(a, relay, "again");
    await until(() => a.heard.length === 2);
    stranger.socket.send("forged", binding, "127.0.0.1");
    await sleep(30);
    assert.deepEqual(a.heard, ["re:hello", "re:again"]);
  });

  it("leads nowhere while the server is away", async () => {
    const { relay, server } = await echoBehind(0, 1);
    const a = await client();
    relay.connect(undefined);
    send(a, relay, "too early");
    await until(() => relay.counts.towardsServer.datagrams === 1);
    relay.connect({ address: "127.0.0.1", port: server.port });
    send(a, relay, "now");
    await until(() => a.heard.length === 1);
    assert.deepEqual(server.heard, ["now"]);
  });

  it("bounds its bindings and forgets idle ones", async () => {
    const { relay } = await echoBehind(0, 1);
    const clients = await Promise.all(Array.from({ length: 70 }, client));
    for (const [i, each] of clients.entries()) {
      send(each, relay, `${i}`);
      await until(() => each.heard.length === 1);
    }
    assert.equal(relay.bindings, 64);
    relay.sweep(60_000);
    assert.equal(relay.bindings, 64);
    relay.sweep(0);
    assert.equal(relay.bindings, 0);
    send(clients[0], relay, "back");
    await until(() => clients[0].heard.length === 2);
  });

  it("tells of an observer that throws, and carries on", async () => {
    const { relay } = await echoBehind(0, 1, [
      () => {
        throw new Error("disk full");
      },
    ]);
    const a = await client();
    send(a, relay, "x");
    await until(() => a.heard.length === 1);
    assert.deepEqual(
      errors.splice(0).map(({ message }) => message),
      ["disk full", "disk full"],
    );
  });

  it("refuses what is no probability", () => {
    for (const drop of [-0.1, 1.1, Number.NaN]) {
      assert.throws(() => new Network({ drop, onError }), { name: "RangeError", message: /^drop: / });
    }
  });

  it("corrupts on a line the part of the bytes that it should, the same ones each time", () => {
    const bytes = new Uint8Array(100_000).fill(0x55);
    const damaged = corrupted(bytes, 0.01, 0.25);
    const different = damaged.filter((byte) => byte !== 0x55).length;
    assert.ok(different > 850 && different < 1150, `${different} of 100,000`);
    assert.deepEqual(corrupted(bytes, 0.01, 0.25), damaged);
    assert.notDeepEqual(corrupted(bytes, 0.01, 0.26), damaged);
    assert.deepEqual(corrupted(bytes, 0, 0.25), bytes);
    assert.ok(corrupted(bytes, 1, 0.25).every((byte) => byte !== 0x55));
  });
});
