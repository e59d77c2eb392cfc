/** The border router between a serial line and real CoAP servers. */

import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import type { Socket } from "node:dgram";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RouterEvent } from "../../../host/border-router/events.js";
import { type Router, type RouterOptions, startRouter } from "../../../host/border-router/router.js";
import { type CoapServer, startCoapServer } from "../../../host/coap/server.js";
import { Codes, codeName, OptionNumbers, Types } from "../../../protocol/coap/numbers.js";
import type { Option } from "../../../protocol/coap/options.js";
import { proxyOptions } from "../../../protocol/coap/proxy.js";
import { encodeCoapFrame, encodeDiagnosticFrame } from "../../../protocol/slipmux/frames.js";
import { Board, datagramBoard, until } from "./board.js";

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

describe("border router", () => {
  let server: CoapServer;
  /** What the server's handler waits for. */
  let delay = 0;
  let asked: Uint8Array[] = [];
  const routers: Router[] = [];
  const sockets: Socket[] = [];
  const children: ChildProcess[] = [];
  let folder: string;

  before(async () => {
    server = await startCoapServer({
      onError: (error) => assert.fail(error as Error),
      routes: {
        mikey: {
          contentFormat: 65_000,
          async handler({ payload }) {
            asked.push(payload);
            await new Promise((resolve) => setTimeout(resolve, delay));
            return {
              code: Codes.changed,
              payload: Uint8Array.from(payload).reverse(),
              contentFormat: 65_000,
            };
          },
        },
      },
    });
  });
  after(() => server.close());
  beforeEach(() => {
    delay = 0;
    asked = [];
    folder = mkdtempSync(join(tmpdir(), "symbolon-router-"));
  });
  afterEach(() => {
    for (const router of routers.splice(0)) router.close();
    for (const socket of sockets.splice(0)) socket.close();
    for (const child of children.splice(0)) child.kill();
    rmSync(folder, { recursive: true });
  });

  async function start(options: Partial<RouterOptions> = {}): Promise<RouterEvent[]> {
    const events: RouterEvent[] = [];
    const router = await startRouter({
      serial: ["udp:127.0.0.1:0"],
      baud: 115_200,
      listen: { host: "127.0.0.1", port: 0 },
      rate: 100,
      onEvent: (event) => events.push(event),
      ...options,
    });
    routers.push(router);
    return events;
  }

  const find = <Kind extends RouterEvent["event"]>(events: readonly RouterEvent[], kind: Kind) =>
    events.filter((event): event is Extract<RouterEvent, { event: Kind }> => event.event === kind);

  async function attach(events: readonly RouterEvent[]): Promise<Board> {
    const [{ at }] = find(events, "attached");
    const { board, socket } = await datagramBoard(at);
    sockets.push(socket);
    return board;
  }

  it("carries a request to the server that it names, and the response back", async () => {
    const events = await start();
    const board = await attach(events);
    const answer = await board.ask(server.address, "mikey", bytes(1, 2, 3));
    assert.equal(codeName(answer.code), "2.04");
    assert.deepEqual([...answer.payload], [3, 2, 1]);
    assert.equal(answer.options[0].number, OptionNumbers.contentFormat);
    // The server was quick: one frame each way.
    assert.equal(answer.type, Types.ACK);
    assert.equal(board.heard.length, 1);
    assert.deepEqual(find(events, "answered"), [
      { event: "answered", device: "udp:127.0.0.1:0", to: server.address, code: "2.04" },
    ]);
  });

  it("acknowledges at once what takes longer, and repeats the response until it is acknowledged", async () => {
    const board = await attach(await start());
    delay = 300;
    const [host, ...rest] = proxyOptions(server.address);
    const path = { number: OptionNumbers.uriPath, value: Buffer.from("mikey") };
    const format = { number: OptionNumbers.contentFormat, value: Buffer.from([0xfd, 0xe8]) };
    const proxied = [host, path, format, ...rest].sort((a, b) => a.number - b.number);
    const request = board.send({ options: proxied, payload: bytes(9) });
    const acknowledgement = await until(() => board.heard[0]);
    assert.deepEqual([acknowledgement.type, acknowledgement.code], [Types.ACK, Codes.empty]);
    const repeats = await until(() => {
      const responses = board.heard.filter(({ code }) => code === Codes.changed);
      return responses.length >= 3 ? responses : undefined;
    });
    assert.equal(new Set(repeats.map(({ messageId }) => messageId)).size, 1);
    await board.answerTo(request);
    const count = board.heard.length;
    await new Promise((resolve) => setTimeout(resolve, 600));
    assert.ok(board.heard.length <= count + 1, "it goes on after the acknowledgement");
    assert.equal(asked.length, 1);
  });

  it("asks the server once for a request that comes twice", async () => {
    const board = await attach(await start());
    await board.ask(server.address, "mikey", bytes(7));
    const [first] = board.heard;
    board.send({ ...first, type: Types.CON, code: Codes.POST, options: [], payload: bytes() });
    await until(() => (board.heard.length === 2 ? true : undefined));
    assert.deepEqual(board.heard[1], first);
    assert.equal(asked.length, 1);
  });

  for (const [what, options, code] of [
    ["is not for a proxy", () => [], "4.04"],
    ["has a Proxy-Uri", () => [{ number: OptionNumbers.proxyUri, value: Buffer.from("coap://a/b") }], "5.05"],
    [
      "names another scheme",
      () => [
        { number: OptionNumbers.uriHost, value: Buffer.from("a") },
        { number: OptionNumbers.proxyScheme, value: Buffer.from("http") },
      ],
      "5.05",
    ],
    [
      "has an option that must not be passed on",
      () => [
        ...proxyOptions("127.0.0.1:5683").slice(0, 1),
        { number: OptionNumbers.block1, value: bytes(6) },
        ...proxyOptions("127.0.0.1:5683").slice(1),
      ],
      "4.02",
    ],
    ["names a host that nobody knows", () => proxyOptions("no-such-host.invalid:1"), "5.02"],
  ] as [string, () => Option[], string][]) {
    it(`answers ${code} to a request that ${what}`, async () => {
      const board = await attach(await start());
      const answer = await board.answerTo(board.send({ options: options() }));
      assert.equal(codeName(answer.code), code);
      assert.equal(asked.length, 0);
    });
  }

  it("answers 4.29 to a board that asks without end", async () => {
    const events = await start({ rate: 1 });
    const board = await attach(events);
    const requests = Array.from({ length: 30 }, () => board.send({}));
    const codes = await Promise.all(
      requests.map(async (each) => codeName((await board.answerTo(each)).code)),
    );
    assert.equal(codes.filter((code) => code === "4.04").length, 10);
    assert.equal(codes.filter((code) => code === "4.29").length, 20);
    assert.ok(find(events, "dropped")[0].counts["request above the rate"] > 0);
  });

  it("drops noise, half frames, wrong check sequences and 64 kB, says so, and goes on", async () => {
    const events = await start();
    const board = await attach(events);
    board.write(Buffer.concat([bytes(0xc0, 0xa9), Buffer.alloc(65_536, 0x42), bytes(0xc0)]));
    board.write(bytes(0xc0, 0xa9, 1, 2, 3, 0xc0, 0x45, 0, 0, 0xc0, 0xa9, 0xdb, 0xc0));
    for (let i = 0; i < 20; i++) board.write(randomBytes(200));
    board.write(bytes(0xc0, 0xa9, 0x40, 0x02));
    const answer = await board.ask(server.address, "mikey", bytes(5));
    assert.deepEqual([...answer.payload], [5]);
    await until(() => {
      const reasons = new Set(find(events, "dropped").flatMap(({ counts }) => Object.keys(counts)));
      return (
        ["frame too long", "wrong FCS", "IP packet", "frame aborted"].every((it) => reasons.has(it)) ||
        undefined
      );
    });
    assert.ok(find(events, "dropped").length < 5, "a line of the log for each");
  });

  it("rejects what is no request, and answers a ping", async () => {
    const board = await attach(await start());
    board.send({ code: Codes.empty, token: bytes(), messageId: 77 });
    board.write(encodeCoapFrame(bytes(0x49, 1, 2, 3)));
    board.send({ type: Types.NON, code: Codes.content });
    await until(() => (board.heard.length === 2 ? true : undefined));
    assert.deepEqual(
      board.heard.map(({ type, messageId }) => [type, messageId]),
      [
        [Types.RST, 77],
        [Types.RST, 0x0203],
      ],
    );
  });

  it("writes the board's trace to the log", async () => {
    const events = await start();
    const board = await attach(events);
    board.write(encodeDiagnosticFrame("héllo"));
    const [{ text }] = await until(() => {
      const found = find(events, "diagnostic");
      return found.length > 0 ? found : undefined;
    });
    assert.equal(text, "héllo");
  });

  it("captures the UDP side", async () => {
    const pcap = join(folder, "router.pcap");
    const board = await attach(await start({ pcap }));
    await board.ask(server.address, "mikey", bytes(0xab, 0xcd, 0xef));
    const capture = readFileSync(pcap);
    assert.ok(capture.indexOf(bytes(0xab, 0xcd, 0xef)) > 0);
    assert.ok(capture.indexOf(bytes(0xef, 0xcd, 0xab)) > 0);
    await assert.rejects(start({ pcap: join(folder, "no/such/file") }), { code: "ENOENT" });
  });

  it("refuses an address that is taken, by the option's name", async () => {
    const [{ port }] = find(await start(), "listening");
    await assert.rejects(
      start({ listen: { host: "127.0.0.1", port } }),
      /^Error: --listen 127\.0\.0\.1:\d+: /,
    );
  });

  describe("on a terminal", () => {
    /** A pseudo-terminal, made by script(1) of util-linux, and the board behind it; `link` leads to it. */
    async function plugIn(link: string): Promise<{ board: Board; child: ChildProcess }> {
      const child = spawn("script", ["-q", "-f", "-c", "tty; stty raw -echo; exec sleep 60", "/dev/null"], {
        stdio: ["pipe", "pipe", "ignore"],
        timeout: 60_000,
      });
      children.push(child);
      const board = new Board((all) => child.stdin?.write(all));
      let said = "";
      const tty = await new Promise<string>((resolve, reject) => {
        child.on("error", reject);
        child.stdout?.on("data", (data: Buffer) => {
          said += data;
          const [, name] = /^(\/dev\/\S+)\r?\n/.exec(said) ?? [];
          if (name !== undefined) resolve(name);
          board.arrive(data);
        });
      });
      symlinkSync(tty, link);
      return { board, child };
    }

    it("carries all 256 bytes, waits for a device, and finds it again after it was unplugged", async function () {
      this.timeout(30_000);
      const device = join(folder, "tty");
      const events = await start({ serial: [device] });
      assert.equal(find(events, "detached").length, 1);
      assert.match(find(events, "detached")[0].reason, /tty/);
      const all = Uint8Array.from({ length: 256 }, (_, i) => i);
      for (const times of [1, 2]) {
        const { board, child } = await plugIn(device).catch((error) => {
          if (error.code !== "ENOENT") throw error;
          console.log("      script is not installed: Debian package bsdutils");
          return this.skip();
        });
        await until(() => (find(events, "attached").length === times ? true : undefined), 10_000);
        const answer = await board.ask(server.address, "mikey", all);
        assert.deepEqual(answer.payload, Uint8Array.from(all).reverse());
        // Half a frame, and the line is cut.
        board.write(bytes(0xc0, 0xa9, 0x40));
        child.kill("SIGKILL");
        await once(child, "close");
        await until(() => (find(events, "detached").length === 1 + times ? true : undefined));
        assert.match(find(events, "detached")[times].reason, /unplugged|EIO/);
        rmSync(device);
      }
    });
  });
});
