/** What comes back without protection may be a proxy's as well as the Responder's: it ends no reading's wait. */

import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { startCoapServer } from "../../../host/coap/server.js";
import { LIMITS } from "../../../host/gateway/mailbox.js";
import { Mailboxes } from "../../../host/gateway/mailboxes.js";
import { MemoryStore } from "../../../host/store/memory.js";
import { toHex } from "../../../protocol/bytes.js";
import { Codes, OptionNumbers } from "../../../protocol/coap/numbers.js";
import { PATIENCE } from "../third-party/world.js";
import { type Lone, lone } from "./lone.js";

const until = async (what: () => boolean) => {
  const end = Date.now() + PATIENCE;
  while (!what()) {
    assert.ok(Date.now() < end, "nothing within the time");
    await sleep(10);
  }
};

/** What a server says to the requests that it gets, one after the other; "" is what is protected. */
interface Script {
  readonly address: string;
  /** First bytes of what came. */
  readonly came: number[];
  close(): Promise<void> | void;
}

async function overHttp(script: (string | number)[]): Promise<Script> {
  const came: number[] = [];
  const server: Server = createServer((request, response) => {
    request.on("data", (bytes: Buffer) => came.push(bytes[0]));
    request.on("end", () => {
      const status = script.shift() ?? "";
      if (status === "") response.writeHead(200, { OSCORE: "AA", "Content-Type": "application/oscore" });
      else response.writeHead(Number(status), { "Content-Type": "text/html" });
      response.end(status === 204 ? undefined : "<h1>sealed, or a proxy's page</h1>");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    address: `http://127.0.0.1:${port}/`,
    came,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

async function overCoap(script: (string | number)[]): Promise<Script> {
  const came: number[] = [];
  const server = await startCoapServer({
    routes: {},
    onProtected(_, { payload }) {
      came.push(payload[0]);
      const code = script.shift() ?? "";
      const option = { number: OptionNumbers.oscore, value: new Uint8Array(0) };
      return code === ""
        ? { code: Codes.changed, options: [option], payload: new Uint8Array(9) }
        : { code: Number(code), options: [], payload: new Uint8Array(0) };
    },
    onError(error) {
      throw error;
    },
  });
  return { address: server.address, came, close: () => server.close() };
}

const ways = {
  "over HTTP": { serve: overHttp, refusals: [404, 405, 415], name: "4.04", receipt: 204 },
  "over CoAP": {
    serve: overCoap,
    refusals: [Codes.notFound, Codes.methodNotAllowed, Codes.unauthorized],
    ...{ name: "4.04", receipt: Codes.changed },
  },
};

describe("answers that nobody has protected", () => {
  let server: Script;
  let gateway: Lone;
  afterEach(async () => {
    await gateway.close();
    await server.close();
  });
  const forwarded = () => gateway.events.filter(({ event }) => event === "forwarded").length;

  for (const [way, { serve, refusals, name, receipt }] of Object.entries(ways)) {
    it(`${way} end no reading's wait: it comes again, and once it is taken no more`, async () => {
      server = await serve([...refusals]);
      gateway = await lone(server.address);
      const box = await gateway.box();
      assert.equal((await gateway.send(box, 1)).code, Codes.changed);
      await until(() => forwarded() === 1);
      assert.deepEqual(server.came, [1, 1, 1, 1]);
      const [first] = gateway.events.flatMap((it) => (it.event === "refused" ? [it] : []));
      assert.deepEqual(first, {
        event: "refused",
        from: server.address,
        reason: `answered ${name} without protection`,
      });
      await sleep(100);
      assert.equal(server.came.length, 4);
    });

    it(`${way} hold up no other reading`, async () => {
      server = await serve([refusals[0]]);
      gateway = await lone(server.address);
      const box = await gateway.box();
      await gateway.send(box, 1);
      await gateway.send(box, 2);
      await until(() => forwarded() === 2);
      assert.deepEqual(server.came, [1, 2, 1]);
    });

    it(`${way} are a receipt under a provisional context only, which has no other`, async () => {
      server = await serve([receipt, receipt]);
      gateway = await lone(server.address);
      const box = await gateway.box();
      await gateway.send(box, 1, { kidContext: new Uint8Array(8) });
      await until(() => forwarded() === 1);
      await gateway.send(box, 2);
      await until(() => forwarded() === 2);
      assert.deepEqual(server.came, [1, 2, 2]);
    });
  }

  it("take no room that a newer reading needs", async () => {
    server = await overHttp(Array(8).fill(403));
    gateway = await lone(server.address, { limits: { ...LIMITS, messages: 2 } });
    const box = await gateway.box();
    for (const number of [1, 2, 3]) assert.equal((await gateway.send(box, number)).code, Codes.changed);
    const dropped = gateway.events.filter(({ event }) => event === "dropped");
    assert.equal(dropped.length, 1, JSON.stringify(dropped));
  });
});

describe("a reading that nobody took", () => {
  it("is given up when it is too old, whatever else its mailbox is used for", () => {
    const mailboxes = new Mailboxes(new MemoryStore(), { ...LIMITS, age: 1000 });
    const mailbox = { sensor: "sensor01", handle: 5, t: 1, digest: "d", deadline: 1, answered: [] };
    const name = mailboxes.open({ ...mailbox, good: true, used: 1, count: 0 }) as string;
    const keep = (payload: number, now: number) =>
      mailboxes.keep(
        name,
        { oscore: Uint8Array.of(9, 1, 7), payload: Uint8Array.of(payload) },
        now,
        new Set(),
      );
    keep(1, 1);
    keep(2, 900);
    assert.deepEqual(mailboxes.sweepOutgoing(1000), []);
    assert.deepEqual(
      mailboxes.sweepOutgoing(1001).map(({ t }) => t),
      [1],
    );
    assert.deepEqual(
      mailboxes.outgoing(name).map(([, { payload }]) => toHex(payload)),
      ["02"],
    );
  });
});
