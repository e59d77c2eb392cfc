/** Orders to a Responder that runs: over its socket, to a gateway that the test plays, and back with the answer. */

import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer, request as httpRequest } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Channel } from "../../../host/channel/channel.js";
import type { Answer } from "../../../host/channel/requests.js";
import { type CoapServer, startCoapServer } from "../../../host/coap/server.js";
import { askSensor, awaitAnswer, takesExchangesFrom } from "../../../host/control/client.js";
import { type ControlServer, startControlServer } from "../../../host/control/server.js";
import { controlSocket } from "../../../host/control/socket.js";
import type { PartyEvent } from "../../../host/events.js";
import { Asking } from "../../../host/responder/asking.js";
import { MemoryStore } from "../../../host/store/memory.js";
import { ascii, toHex } from "../../../protocol/bytes.js";
import { Codes, OptionNumbers } from "../../../protocol/coap/numbers.js";
import { encodeUint } from "../../../protocol/coap/options.js";
import { encodeSensorAnswer } from "../../../protocol/exchange/sensor-requests.js";
import { readRequestHeader } from "../../../protocol/oscore/protect.js";
import { pack, Sensor } from "../channel/sensor.js";

const read = { kind: "reading" } as const;

describe("orders to a Responder", () => {
  let folder: string;
  let store: MemoryStore;
  let events: PartyEvent[];
  let channel: Channel;
  let asking: Asking;
  let control: ControlServer;
  let gateway: CoapServer;
  /** What came to the gateway: sender ID and sequence number. */
  let deposited: [id: string, number: number][];
  let code: number;
  /** Requests at the gateway that are not answered, and how many they were at most. */
  let underWay: number;
  let atOnce: number;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "symbolon-control-"));
    mkdirSync(join(folder, "state"), { mode: 0o700 });
    [underWay, atOnce] = [0, 0];
    [store, events, deposited, code] = [new MemoryStore(), [], [], Codes.created];
    gateway = await startGateway();
    await start();
  });
  afterEach(async () => {
    await stop();
    await gateway.close();
    rmSync(folder, { recursive: true });
  });

  const startGateway = (port = 0) =>
    startCoapServer({
      port,
      routes: {
        "s/*": {
          carriesOscore: true,
          async handler({ segment = "", options, payload }) {
            const { sequenceNumber } = readRequestHeader({ code: Codes.POST, options, payload });
            deposited.push([segment, sequenceNumber]);
            atOnce = Math.max(atOnce, ++underWay);
            await sleep(5);
            underWay--;
            return { code };
          },
        },
      },
      onError: (error) => assert.fail(error as Error),
    });

  async function start(at: string | undefined = gateway.address): Promise<void> {
    channel = new Channel({
      ...{ store, hold: 1000, onReading: () => undefined, onEvent: (event) => events.push(event) },
      onAnswer: (answer) => asking.answered(answer),
    });
    asking = new Asking({ channel, onEvent: (event) => events.push(event), ...(at && { gateway: at }) });
    control = await startControlServer(controlSocket(folder), { asking, takesFrom: 42 }, (error) =>
      assert.fail(error as Error),
    );
  }
  async function stop(): Promise<void> {
    await control.close();
    await asking.close();
  }

  const agreed = (t: number): Sensor => {
    const sensor = new Sensor(channel, store, t);
    sensor.agree();
    return sensor;
  };
  const answer = (sensor: Sensor, number: number, request: number) =>
    sensor.send(number, {
      options: [
        { number: OptionNumbers.uriPath, value: ascii("a") },
        { number: OptionNumbers.contentFormat, value: encodeUint(42) },
      ],
      payload: encodeSensorAnswer({ number: request, code: Codes.content, payload: pack(99) }),
    });
  const values = (given: Answer | undefined) => given?.records?.map(({ v }) => v);

  it("leave a request at the gateway, and give the answer to whoever waits or comes later", async () => {
    const sensor = agreed(7);
    const name = await askSensor(folder, { sensor: "sensor01", request: read });
    assert.deepEqual(name, { sensor: "sensor01", t: 7, request: 0 });
    assert.deepEqual(deposited, [[toHex(sensor.confirmation.senderId), 0]]);
    assert.equal(await awaitAnswer(folder, name, 0), undefined);
    assert.equal(await awaitAnswer(folder, name, 0.05), undefined);
    const waiting = [awaitAnswer(folder, name, 20), awaitAnswer(folder, name, 20)];
    answer(sensor, 0, 0);
    for (const one of waiting) assert.deepEqual(values(await one), [99]);
    assert.deepEqual(values(await awaitAnswer(folder, name, 0)), [99]);
  });

  it("go out one after the other for a sensor, each with a number above the last", async () => {
    agreed(7);
    const order = { sensor: "sensor01", request: read };
    const names = await Promise.all(Array.from({ length: 6 }, () => askSensor(folder, order)));
    assert.deepEqual(names.map(({ request }) => request).sort(), [0, 1, 2, 3, 4, 5]);
    assert.deepEqual(
      deposited.map(([, number]) => number),
      [0, 1, 2, 3, 4, 5],
    );
    assert.equal(atOnce, 1);
  });

  it("say what is wrong: no channel, no gateway, and what the gateway says", async () => {
    const order = { sensor: "sensor01", request: read };
    await assert.rejects(
      askSensor(folder, order),
      /^Error: sensor01 has no confirmed channel here; "symbolon responder trigger sensor01" asks it/,
    );
    agreed(7);
    for (const [said, reason] of [
      [Codes.notFound, /has no mailbox of sensor01's last exchange with this Responder \(4\.04\)/],
      [Codes.serviceUnavailable, /too many requests wait for sensor01 there \(5\.03\)/],
      [Codes.badRequest, /does not take it: 4\.00/],
    ] as const) {
      code = said;
      await assert.rejects(askSensor(folder, order), reason);
    }
    // What was refused is not kept, and its number is not used again.
    assert.deepEqual(channel.requests.undeposited(), []);
    code = Codes.changed;
    assert.equal((await askSensor(folder, order)).request, 3);
    await stop();
    await start("");
    await assert.rejects(askSensor(folder, order), /no gateway is known: name it with --gateway/);
    const named = await askSensor(folder, { ...order, gateway: gateway.address });
    assert.equal(named.request, 4);
  });

  it("keep a request that the gateway has not acknowledged, and leave it there with the next start", async () => {
    agreed(7);
    const { port } = gateway;
    await gateway.close();
    const order = { sensor: "sensor01", request: read };
    await assert.rejects(
      askSensor(folder, order),
      /does not answer .*; whether it has the request is not known/,
    );
    assert.equal(deposited.length, 0);
    gateway = await startGateway(port);
    await stop();
    await start();
    const next = await askSensor(folder, order);
    assert.equal(next.request, 1);
    assert.deepEqual(
      deposited.map(([, number]) => number),
      [0, 1],
    );
    assert.deepEqual(channel.requests.undeposited(), []);
  });

  it("are taken from the owner alone, over a socket that a dead process has left too", async () => {
    const path = controlSocket(folder);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    await stop();
    assert.ok(!existsSync(path));
    await assert.rejects(
      askSensor(folder, { sensor: "sensor01", request: read }),
      /no Responder runs in this folder/,
    );
    writeFileSync(path, "");
    await assert.rejects(
      askSensor(folder, { sensor: "sensor01", request: read }),
      /no Responder runs in this folder/,
    );
    await start();
    agreed(7);
    await askSensor(folder, { sensor: "sensor01", request: read });
  });

  it("tell from when on it takes exchanges", async () => {
    assert.equal(await takesExchangesFrom(folder), 42);
    await stop();
    assert.equal(await takesExchangesFrom(folder), undefined);
    await start();
  });

  it("go nowhere in a folder whose path is too long", async () => {
    const long = join(folder, "x".repeat(100));
    assert.throws(() => controlSocket(long), /a socket's path has 107 bytes at most, this one \d+$/);
    await assert.rejects(askSensor(long, { sensor: "sensor01", request: read }), /107 bytes at most/);
  });

  it("end a wait when whoever waited is gone, or the Responder ends", async () => {
    const sensor = agreed(7);
    const name = await askSensor(folder, { sensor: "sensor01", request: read });
    const path = `/requests/sensor01/7/${name.request}?wait=100`;
    const gone = httpRequest({ socketPath: controlSocket(folder), path });
    gone.on("error", () => undefined);
    gone.end();
    await new Promise((resolve) => gone.once("finish", resolve));
    gone.destroy();
    const waiting = awaitAnswer(folder, name, 100);
    await stop();
    await assert.rejects(waiting);
    await start();
    const other = sensor.request(sensor.confirmed, 0);
    channel.receive("peer", other.message);
    assert.equal(await awaitAnswer(folder, name, 0), undefined);
  });

  it("are refused when they are none", async () => {
    agreed(7);
    const send = (method: string, path: string, body = "") =>
      new Promise<[number | undefined, string]>((resolve, reject) => {
        const request = httpRequest({ socketPath: controlSocket(folder), method, path }, (response) => {
          let text = "";
          response.setEncoding("utf8").on("data", (part: string) => {
            text += part;
          });
          response.on("end", () => resolve([response.statusCode, text]));
        });
        request.on("error", reject);
        request.end(body);
      });
    const order = (change: object) => JSON.stringify({ sensor: "sensor01", request: read, ...change });
    for (const [body, reason] of [
      ["", /JSON/],
      ["7", /expected an object/],
      [order({ sensor: "" }), /sensor: expected an identity/],
      [order({ sensor: "a b" }), /sensor: expected an identity/],
      [order({ request: { kind: "reset" } }), /request: expected a kind that is known/],
      [order({ request: null }), /request: expected a kind that is known/],
      [order({ request: { kind: "setInterval", seconds: 604801 } }), /seconds: expected 1 to 604800/],
      [order({ request: { kind: "setInterval", seconds: 0 } }), /seconds: expected 1 to 604800/],
      [order({ gateway: "a:b:c" }), /address: expected host:port/],
      [order({ gateway: 7 }), /gateway: expected text/],
    ] as const) {
      const [status, text] = await send("POST", "/requests", body);
      assert.deepEqual([status, reason.test(text)], [400, true], `${body}: ${text}`);
    }
    for (const [method, path] of [
      ["GET", "/requests"],
      ["GET", "/requests/sensor01/7"],
      ["GET", "/requests/sensor01/7/x"],
      ["GET", "/requests/sensor01/7/0/0"],
      ["GET", "/requests/%ff/7/0"],
      ["GET", "/requests/sensor01/7/0?wait=-1"],
      ["GET", "/requests/sensor01/7/0?wait=x"],
      ["DELETE", "/requests/sensor01/7/0"],
    ] as const) {
      assert.equal((await send(method, path))[0], 400, path);
    }
    assert.equal((await send("GET", "/requests/sensor01/7/0"))[0], 204);
    assert.deepEqual(deposited, []);
  });

  it("say when what answers is no Responder", async () => {
    await stop();
    const server = createServer((_, response) => response.writeHead(500).end());
    await new Promise<void>((resolve) => {
      server.listen(controlSocket(folder), resolve);
    });
    await assert.rejects(askSensor(folder, { sensor: "sensor01", request: read }), /it answered 500/);
    await new Promise((resolve) => {
      server.close(resolve);
    });
    await start();
  });
});
