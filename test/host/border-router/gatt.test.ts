/** The border router as a Bluetooth central: emulated, and over a stand-in for noble. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createSocket, type Socket } from "node:dgram";
import { EventEmitter, once } from "node:events";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { bleCentral, type Noble, type NoblePeripheral } from "../../../host/border-router/ble.js";
import { emulatedCentral, type OpenCentral } from "../../../host/border-router/central.js";
import type { RouterEvent } from "../../../host/border-router/events.js";
import { type Router, startRouter } from "../../../host/border-router/router.js";
import { Codes, codeName, OptionNumbers } from "../../../protocol/coap/numbers.js";
import { GattConnection } from "../../../protocol/gatt/connection.js";
import type { Content } from "../../../protocol/gatt/message.js";
import { DOWNSTREAM_UUID, SERVICE_UUID, UPSTREAM_UUID } from "../../../protocol/gatt/service.js";
import { until } from "./board.js";

/** A request that the router answers itself: it is for no server. */
const request = (token: number): Content => ({
  ...{ code: Codes.GET, token: Uint8Array.of(token), payload: new Uint8Array(0) },
  options: [{ number: OptionNumbers.uriPath, value: Buffer.from("x") }],
});

describe("border router over GATT", () => {
  const routers: Router[] = [];
  const sockets: Socket[] = [];
  afterEach(() => {
    for (const router of routers.splice(0)) router.close();
    for (const socket of sockets.splice(0)) socket.close();
  });

  async function start(device: string, central: OpenCentral, rate = 100): Promise<RouterEvent[]> {
    const events: RouterEvent[] = [];
    const router = await startRouter({
      ...{ serial: [], centrals: new Map([[device, central]]), baud: 115_200, rate },
      listen: { host: "127.0.0.1", port: 0 },
      onEvent: (event) => events.push(event),
    });
    routers.push(router);
    return events;
  }

  const count = (events: readonly RouterEvent[], kind: RouterEvent["event"]): number =>
    events.filter(({ event }) => event === kind).length;

  describe("emulated", () => {
    /** A board on a socket: what it hears, and how it speaks. */
    async function board(events: readonly RouterEvent[]) {
      const attached = events.find((event) => event.event === "attached");
      assert.ok(attached?.event === "attached");
      const port = Number(attached.at.split(":")[2]);
      const heard: Buffer[] = [];
      const socket = createSocket("udp4", (datagram) => heard.push(datagram));
      socket.bind(0, "127.0.0.1");
      await once(socket, "listening");
      sockets.push(socket);
      const say = (kind: string, value: Uint8Array = new Uint8Array(0)): void =>
        socket.send(Buffer.concat([Buffer.from(kind), value]), port, "127.0.0.1");
      const connect = async () => {
        heard.length = 0;
        say("A");
        assert.deepEqual([...(await until(() => heard.shift()))], [0x43, 0, 244]);
      };
      const connection = new GattConnection();
      /** Notifies what there is, and takes what is written, until a message came; its acknowledgement may be lost. */
      const answer = (losing = false): Promise<Content> =>
        until(() => {
          for (const written of heard.splice(0)) connection.receive(performance.now(), written.subarray(1));
          let content: Content | undefined;
          for (const action of connection.take()) {
            if (action.kind === "message") content = action.content;
            else if (action.kind === "value" && !(losing && content !== undefined)) say("N", action.value);
          }
          return content;
        });
      return { say, connect, heard, connection, answer };
    }

    it("answers a board, and repeats the answer until it is acknowledged", async () => {
      const events = await start("emulated", emulatedCentral("udp:127.0.0.1:0"));
      const { connect, connection, answer, heard, say } = await board(events);
      await connect();
      connection.send(0, request(1));
      const first = await answer(true);
      assert.equal(codeName(first.code), "4.04");
      const again = await until(() => heard.shift());
      connection.receive(0, again.subarray(1));
      const [acknowledgement, ...rest] = connection.take();
      assert.deepEqual(rest, []);
      assert.ok(acknowledgement.kind === "value");
      say("N", acknowledgement.value);
      await new Promise((resolve) => setTimeout(resolve, 700));
      assert.equal(heard.length, 0);
      assert.equal(count(events, "answered"), 1);
    });

    it("drops malformed values and what is no request, and goes on", async () => {
      const events = await start("emulated", emulatedCentral("udp:127.0.0.1:0"));
      const { connect, connection, answer, say } = await board(events);
      await connect();
      for (const bad of ["", "80", "01", "6fffff", "4045"]) say("N", Buffer.from(bad, "hex"));
      say("N", new Uint8Array(1_000));
      say("?");
      connection.send(0, request(1));
      assert.equal(codeName((await answer()).code), "4.04");
      await until(() => {
        const reasons = new Set(
          events.flatMap((event) => (event.event === "dropped" ? Object.keys(event.counts) : [])),
        );
        return (reasons.has("malformed value") && reasons.has("not a request")) || undefined;
      });
    });

    it("takes a board back that advertises again, and forgets one that has gone", async () => {
      const events = await start("emulated", emulatedCentral("udp:127.0.0.1:0"));
      const { connect, say } = await board(events);
      await connect();
      await connect();
      say("D");
      await until(() => (count(events, "disconnected") === 2 ? true : undefined));
      say("N", Buffer.from("40", "hex"));
      assert.equal(count(events, "connected"), 2);
    });

    it("has sixteen boards at most", async () => {
      const events = await start("emulated", emulatedCentral("udp:127.0.0.1:0"));
      for (let i = 0; i < 18; i++) await (await board(events)).connect();
      assert.equal(count(events, "connected"), 18);
      assert.equal(count(events, "disconnected"), 2);
    });

    it("answers 4.29 to a board that asks without end", async () => {
      const events = await start("emulated", emulatedCentral("udp:127.0.0.1:0"), 1);
      const { connect, connection, answer } = await board(events);
      await connect();
      const began = performance.now();
      const codes: string[] = [];
      for (let i = 0; i < 12; i++) {
        connection.send(0, request(i));
        codes.push(codeName((await answer()).code));
      }
      // Had each waited for a retransmission, the rate would have let all pass.
      assert.ok(performance.now() - began < 2_000);
      assert.deepEqual(codes, [...Array(10).fill("4.04"), "4.29", "4.29"]);
    });
  });

  describe("through noble", () => {
    const compact = (uuid: string): string => uuid.replaceAll("-", "");

    class FakeCharacteristic extends EventEmitter {
      readonly written: Buffer[] = [];
      subscribed = false;
      constructor(readonly uuid: string) {
        super();
      }
      async subscribeAsync(): Promise<void> {
        this.subscribed = true;
      }
      async writeAsync(data: Buffer, withoutResponse: boolean): Promise<void> {
        assert.equal(withoutResponse, false);
        this.written.push(data);
      }
    }

    class FakePeripheral extends EventEmitter implements NoblePeripheral {
      readonly mtu = 100;
      readonly upstream = new FakeCharacteristic(compact(UPSTREAM_UUID));
      readonly downstream = new FakeCharacteristic(compact(DOWNSTREAM_UUID));
      constructor(
        readonly id: string,
        private readonly characteristics: (it: FakePeripheral) => FakeCharacteristic[],
      ) {
        super();
      }
      async connectAsync(): Promise<void> {}
      async disconnectAsync(): Promise<void> {
        this.emit("disconnect");
      }
      async discoverSomeServicesAndCharacteristicsAsync(services: string[], characteristics: string[]) {
        assert.deepEqual(services, [compact(SERVICE_UUID)]);
        assert.deepEqual(characteristics, [DOWNSTREAM_UUID, UPSTREAM_UUID].map(compact));
        return { characteristics: this.characteristics(this) };
      }
    }

    class FakeNoble extends EventEmitter {
      scans = 0;
      stops = 0;
      state = "poweredOn";
      stop(): void {
        this.stops++;
      }
      async waitForPoweredOnAsync(): Promise<void> {}
      async startScanningAsync(services: string[]): Promise<void> {
        assert.deepEqual(services, [compact(SERVICE_UUID)]);
        this.scans++;
      }
      async stopScanningAsync(): Promise<void> {}
    }

    const central = (noble: Noble, errors: string[] = []): OpenCentral =>
      bleCentral({
        load: async () => noble,
        onError: (error, where) => errors.push(`${where}: ${error.message}`),
      });

    it("connects to boards that advertise the service, and carries values both ways", async () => {
      const noble = new FakeNoble();
      const events = await start("ble", central(noble));
      const peripheral = new FakePeripheral("c0:ff:ee", (it) => [it.upstream, it.downstream]);
      noble.emit("discover", peripheral);
      noble.emit("discover", peripheral);
      await until(() => (noble.scans === 2 ? true : undefined));
      assert.equal(count(events, "connected"), 1);
      assert.equal(peripheral.upstream.subscribed, true);
      const board = new GattConnection();
      board.send(0, request(1));
      const [value] = board.take();
      assert.ok(value.kind === "value");
      peripheral.upstream.emit("data", Buffer.from(value.value));
      const written = await until(() => (peripheral.downstream.written.length > 1 ? true : undefined)).then(
        () => peripheral.downstream.written,
      );
      for (const each of written) board.receive(0, each);
      const message = board.take().find((action) => action.kind === "message");
      assert.ok(message?.kind === "message");
      assert.equal(codeName(message.content.code), "4.04");
      await peripheral.disconnectAsync();
      assert.equal(count(events, "disconnected"), 1);
      noble.emit("discover", peripheral);
      await until(() => (count(events, "connected") === 2 ? true : undefined));
    });

    it("leaves a board that has not both characteristics", async () => {
      const noble = new FakeNoble();
      const errors: string[] = [];
      const events = await start("ble", central(noble, errors));
      noble.emit("discover", new FakePeripheral("bad", (it) => [it.upstream]));
      await until(() => (noble.scans === 2 ? true : undefined));
      assert.deepEqual(errors, ["board bad: it has not both characteristics of CoAP over GATT"]);
      assert.equal(count(events, "connected"), 0);
    });

    it("says that there is no adapter", async () => {
      const noble = new FakeNoble();
      noble.state = "unsupported";
      noble.waitForPoweredOnAsync = () => Promise.reject(new Error("timeout"));
      await assert.rejects(start("ble", central(noble)), {
        message: "--ble: there is no Bluetooth adapter that is on, it is unsupported",
      });
      assert.equal(noble.stops, 1, "noble would keep the process");
    });

    it("looks for boards again when the adapter is back", async () => {
      const noble = new FakeNoble();
      const errors: string[] = [];
      await start("ble", central(noble, errors));
      noble.emit("stateChange", "poweredOff");
      assert.deepEqual(errors, ["adapter: it is poweredOff"]);
      assert.equal(noble.scans, 1);
      noble.emit("stateChange", "poweredOn");
      assert.equal(noble.scans, 2);
    });
  });

  describe("on the command line", () => {
    const main = fileURLToPath(new URL("../../../host/cli/main.js", import.meta.url));
    const run = (...args: string[]): Promise<{ code: unknown; stderr: string }> => runNode(args);
    const runNode = (args: string[], ...flags: string[]): Promise<{ code: unknown; stderr: string }> =>
      new Promise((resolve) => {
        execFile(
          process.execPath,
          [...flags, main, "border-router", ...args],
          { timeout: 20_000 },
          (error, _, stderr) => resolve({ code: error?.code, stderr }),
        );
      });

    /** Node's flag for a process in which these packages are not installed. */
    const without = (...packages: string[]): string => {
      const hooks =
        `export function resolve(name, context, next) { if (${JSON.stringify(packages)}.includes(name)) ` +
        `throw Object.assign(new Error("not found"), { code: "ERR_MODULE_NOT_FOUND" }); return next(name, context); }`;
      const module = (text: string): string => `data:text/javascript,${encodeURIComponent(text)}`;
      return `--import=${module(`import { register } from "node:module"; register(${JSON.stringify(module(hooks))});`)}`;
    };

    it("wants a board", async function () {
      this.timeout(30_000);
      assert.deepEqual(await run(), {
        code: 2,
        stderr: "error: no board is named: give --serial or --ble\n",
      });
      const { code, stderr } = await run("--gatt", "tcp:1");
      assert.equal(code, 2);
      assert.match(stderr, /expected udp:HOST:PORT, got tcp:1/);
    });

    it("says in one line which package is missing, and ends", async () => {
      for (const [option, packageName, ...args] of [
        ["--ble", "@stoprocent/noble"],
        ["--serial", "serialport", "/dev/null"],
      ]) {
        const line = [option, ...args, "--listen", "127.0.0.1:0"];
        const { code, stderr } = await runNode(line, without(packageName));
        assert.equal(code, 1);
        const message = `${option}: the package ${packageName} is not installed: npm install ${packageName}`;
        assert.equal(stderr, `symbolon: ${message}\n`);
      }
    });

    it("says in one line that there is no adapter, and ends", async function () {
      if (process.platform !== "linux" || existsSync("/sys/class/bluetooth")) this.skip();
      const { code, stderr } = await run("--ble", "--listen", "127.0.0.1:0");
      assert.equal(code, 1);
      assert.equal(stderr, "symbolon: --ble: this machine has no Bluetooth adapter\n");
    });
  });
});
