/** The Bluetooth link on a fake GATT server, with the connection's other end as a router has it. */

import { type GattServer, type GattServerOptions, openGattLink } from "../../../firmware/link/gatt.js";
import { fromHex, toHex } from "../../../protocol/bytes.js";
import { decodeMessage, encodeEmpty, encodeMessage, type Message } from "../../../protocol/coap/message.js";
import { Codes, Types } from "../../../protocol/coap/numbers.js";
import { proxyOptions } from "../../../protocol/coap/proxy.js";
import { GattConnection } from "../../../protocol/gatt/connection.js";
import type { Content } from "../../../protocol/gatt/message.js";
import { deepEqual, equal, ok } from "../../support/assert.js";
import { FakeClock } from "../simulation.js";

class FakeServer implements GattServer {
  static last: FakeServer;
  readonly notified: Uint8Array[] = [];
  readonly log: string[] = [];

  constructor(readonly options: GattServerOptions) {
    FakeServer.last = this;
  }

  notify(value: Uint8Array): void {
    this.notified.push(value);
  }

  disconnect(): void {
    this.log.push("disconnect");
    this.options.onDisconnected();
  }

  close(): void {
    this.log.push("close");
  }
}

function open(onDatagram?: (message: Message) => void) {
  const clock = new FakeClock();
  const heard: string[] = [];
  const lost: string[] = [];
  const link = openGattLink(
    { io: FakeServer, clock, onLost: (reason) => lost.push(reason) },
    (peer, datagram) => {
      equal(peer, "gatt");
      const message = decodeMessage(datagram);
      ok(message !== undefined);
      heard.push(`${message.type} ${message.code} T${toHex(message.token)}`);
      onDatagram?.(message);
    },
  );
  const server = FakeServer.last;
  /** The router's end: takes what was notified, and writes what it has to say. */
  const exchange = (router: GattConnection): Content[] => {
    const contents: Content[] = [];
    for (const value of server.notified.splice(0)) router.receive(clock.now(), value);
    for (const action of router.take()) {
      if (action.kind === "message") contents.push(action.content);
      if (action.kind === "value") server.options.onWritten(action.value);
    }
    return contents;
  };
  return { clock, link, server, heard, lost, exchange };
}

const request = (messageId: number, payload = "01"): Uint8Array =>
  encodeMessage({
    ...{ type: Types.CON, code: Codes.POST, messageId, token: fromHex("aabb") },
    ...{ options: [], payload: fromHex(payload) },
  });
const response: Content = {
  code: Codes.changed,
  token: fromHex("aabb"),
  options: [],
  payload: fromHex("02"),
};

describe("GATT link", () => {
  it("acknowledges a request once the router has it, and hands its response over", () => {
    const { link, server, heard, exchange } = open();
    server.options.onConnected(244);
    link.send("gatt", request(7));
    const router = new GattConnection();
    const [content] = exchange(router);
    deepEqual(content, { code: Codes.POST, token: fromHex("aabb"), options: [], payload: fromHex("01") });
    deepEqual(heard, [`${Types.ACK} 0 T`]);
    router.send(0, response);
    exchange(router);
    deepEqual(heard.slice(1), [`${Types.NON} ${Codes.changed} Taabb`]);
    exchange(router);
    equal(router.nextWake(), undefined);
  });

  it("keeps requests until a central listens, and begins again after a disconnect", () => {
    const { link, server, clock, heard, exchange } = open();
    link.send("gatt", request(7));
    equal(server.notified.length, 0);
    server.options.onConnected(244);
    equal(server.notified.splice(0).length, 1);
    server.options.onDisconnected();
    clock.run(2_000);
    equal(server.notified.length, 0);
    server.options.onConnected(244);
    equal(exchange(new GattConnection()).length, 1);
    equal(heard.length, 1);
    // What was acknowledged is not sent again.
    server.options.onDisconnected();
    server.options.onConnected(244);
    equal(server.notified.length, 0);
  });

  it("repeats what is lost itself, and sends CoAP's own repeats once", () => {
    const { link, server, clock } = open();
    server.options.onConnected(244);
    for (let i = 0; i < 3; i++) link.send("gatt", request(7));
    equal(server.notified.length, 1);
    clock.run(1_600);
    equal(server.notified.length, 4);
    equal(new Set(server.notified.map(toHex)).size, 1);
  });

  it("ends a connection that does not answer", () => {
    const { link, server, clock } = open();
    server.options.onConnected(244);
    link.send("gatt", request(7));
    clock.run(60_000);
    deepEqual(server.log, ["disconnect"]);
    equal(clock.pending, 0);
    link.close();
    link.close();
    deepEqual(server.log, ["disconnect", "close"]);
  });

  it("says that a message is too long for a notification, and sends it once it is not", () => {
    const { link, server, clock, lost } = open();
    server.options.onConnected(20);
    link.send("gatt", request(7, "00".repeat(30)));
    equal(server.notified.length, 0);
    deepEqual(lost, ["35 bytes, and a notification takes 20"]);
    server.options.onLongest(60);
    clock.run(500);
    equal(server.notified.length, 1);
    link.send("gatt", request(8, "00".repeat(600)));
    equal(lost[1], "value: expected at most 512 bytes, got 605");
  });

  it("bounds the requests that wait for a central", () => {
    const { link, server, lost } = open();
    for (let i = 0; i < 10; i++) link.send("gatt", request(i));
    deepEqual(lost, Array(2).fill("8 requests wait for a central"));
    server.options.onConnected(244);
    equal(server.notified.length, 1);
  });

  it("sends nothing but requests, and hands over nothing but responses", () => {
    const { link, server, heard, exchange } = open();
    server.options.onConnected(244);
    link.send("gatt", encodeEmpty(Types.ACK, 1));
    link.send("gatt", encodeEmpty(Types.RST, 1));
    equal(server.notified.length, 0);
    const router = new GattConnection();
    router.send(0, { ...response, code: Codes.GET });
    exchange(router);
    for (const hex of ["", "80", "6fff", "0000"]) server.options.onWritten(fromHex(hex));
    deepEqual(heard, []);
  });

  it("acknowledges the response that ends the exchange before it closes", () => {
    const world = open(({ code }) => {
      if (code === Codes.changed) world.link.close();
    });
    world.server.options.onConnected(244);
    const router = new GattConnection();
    router.send(0, response);
    world.exchange(router);
    equal(world.server.notified.length, 1);
    deepEqual(world.server.log, ["close"]);
  });

  it("tells the router in options where a request is to go", () => {
    const { link } = open();
    deepEqual(link.route?.("tp:5683"), { peer: "gatt", options: proxyOptions("tp:5683") });
  });
});
