/** The serial link on a port that takes few bytes at a time. */

import { type SerialOptions, type SerialPort, SlipmuxLine } from "../../../firmware/link/slipmux.js";
import { concat, fromHex, toHex } from "../../../protocol/bytes.js";
import { proxyOptions } from "../../../protocol/coap/proxy.js";
import { encodeCoapFrame, encodeDiagnosticFrame, MAX_FRAME } from "../../../protocol/slipmux/frames.js";
import { deepEqual, equal, ok } from "../../support/assert.js";

/** A port with room for `room` bytes until it is drained. */
class FakePort implements SerialPort {
  static last: FakePort;
  written: Uint8Array = new Uint8Array(0);
  #arrived: Uint8Array | undefined;
  #room = 0;

  constructor(readonly options: SerialOptions) {
    FakePort.last = this;
  }

  read(): ArrayBuffer | undefined {
    const bytes = this.#arrived;
    this.#arrived = undefined;
    return bytes && (bytes.slice().buffer as ArrayBuffer);
  }

  write(bytes: Uint8Array): void {
    ok(bytes.length > 0 && bytes.length <= this.#room, `${bytes.length} bytes into room for ${this.#room}`);
    this.#room -= bytes.length;
    this.written = concat(this.written, bytes);
  }

  close(): void {}

  arrive(bytes: Uint8Array): void {
    this.#arrived = bytes;
    this.options.onReadable(bytes.length);
  }

  drain(room: number): void {
    this.#room = room;
    this.options.onWritable(room);
  }
}

const request = fromHex("40017d34bb2e77656c6c2d6b6e6f776e04636f7265");
const response = fromHex("60457d34ff00");

function open(): { line: SlipmuxLine; port: FakePort } {
  const line = new SlipmuxLine({ io: FakePort, transmit: 6, receive: 8 });
  return { line, port: FakePort.last };
}

describe("slipmux link", () => {
  it("opens the port as the draft has it, on the board's pins", () => {
    const { baud, format, transmit, receive } = open().port.options;
    deepEqual([baud, format, transmit, receive], [115_200, "buffer", 6, 8]);
    new SlipmuxLine({ io: FakePort, port: "uart1", baud: 9_600 });
    deepEqual([FakePort.last.options.baud, FakePort.last.options.port], [9_600, "uart1"]);
  });

  it("sends as much as the port takes, and frames whole", () => {
    const { line, port } = open();
    const link = line.open(() => {});
    link.send("line", request);
    line.trace("after");
    link.send("line", response);
    for (let i = 0; i < 30; i++) port.drain(3);
    const expected = concat(
      encodeCoapFrame(request),
      encodeDiagnosticFrame("after"),
      encodeCoapFrame(response),
    );
    equal(toHex(port.written), toHex(expected));
  });

  it("hands over what arrives, in any portions, and keeps nothing of its buffer", () => {
    const { line, port } = open();
    const heard: [string, Uint8Array][] = [];
    line.open((peer, datagram) => heard.push([peer, datagram]));
    const bytes = concat(fromHex("ff00db"), encodeCoapFrame(request), encodeCoapFrame(response));
    for (let i = 0; i < bytes.length; i += 5) port.arrive(bytes.subarray(i, i + 5));
    deepEqual(heard, [
      ["line", request],
      ["line", response],
    ]);
  });

  it("tells the router in options where a request is to go", () => {
    const link = open().line.open(() => {});
    deepEqual(link.route?.("192.0.2.1:5683"), { peer: "line", options: proxyOptions("192.0.2.1:5683") });
    equal(link.transmission?.BACKOFF_FACTOR, 1);
  });

  it("answers CoAP with a courtesy Reset while no link is open", () => {
    const { line, port } = open();
    port.drain(100);
    port.arrive(encodeCoapFrame(request));
    const reset = encodeCoapFrame(fromHex("70007d34"));
    equal(toHex(port.written), toHex(reset));
    const heard: Uint8Array[] = [];
    const link = line.open((_, datagram) => heard.push(datagram));
    port.arrive(encodeCoapFrame(request));
    link.close();
    port.arrive(encodeCoapFrame(response));
    deepEqual(heard, [request]);
    // The response was an acknowledgement: nobody rejects those.
    equal(toHex(port.written), toHex(reset));
  });

  it("ignores diagnostics, IP and wrong check sequences", () => {
    const { line, port } = open();
    let heard = 0;
    line.open(() => heard++);
    port.arrive(concat(encodeDiagnosticFrame("hello"), fromHex("c04500c0c0a9010203c0")));
    equal(heard, 0);
  });

  it("loses what a busy port has no place for, and goes on with the next whole frame", () => {
    const { line, port } = open();
    const link = line.open(() => {});
    const long = new Uint8Array(MAX_FRAME - 3).fill(0xc0);
    link.send("line", long);
    link.send("line", long);
    port.drain(10_000);
    link.send("line", response);
    equal(toHex(port.written), toHex(concat(encodeCoapFrame(long), encodeCoapFrame(response))));
  });
});
