/** slipmux on the line: published frames, then that no bytes whatever disturb the receiver. */

import fc from "fast-check";
import { ascii, concat, fromHex, toHex } from "../../../protocol/bytes.js";
import {
  courtesyReset,
  encodeCoapFrame,
  encodeDiagnosticFrame,
  type Frame,
  MAX_FRAME,
  readFrame,
} from "../../../protocol/slipmux/frames.js";
import { encodeSlip, SlipDecoder, type SlipFault } from "../../../protocol/slipmux/slip.js";
import { deepEqual, equal, ok } from "../../support/assert.js";

/** What a receiver of `capacity` bytes makes of portions of a line. */
function receive(
  portions: readonly Uint8Array[],
  capacity = MAX_FRAME,
): { frames: Uint8Array[]; faults: SlipFault[] } {
  const frames: Uint8Array[] = [];
  const faults: SlipFault[] = [];
  const decoder = new SlipDecoder(capacity, {
    onFrame: (frame) => frames.push(Uint8Array.from(frame)),
    onFault: (fault) => faults.push(fault),
  });
  for (const portion of portions) decoder.push(portion);
  return { frames, faults };
}

function read(hex: string): Frame[] {
  return receive([fromHex(hex)]).frames.map(readFrame);
}

const hello = "48656c6c6f20576f726c6421";
const getCore = "40017d34bb2e77656c6c2d6b6e6f776e04636f7265";

/** Bytes with many of those that SLIP gives a meaning. */
const lineBytes = fc
  .array(
    fc.oneof(
      fc.integer({ min: 0, max: 255 }),
      fc.constantFrom(0xc0, 0xdb, 0xdc, 0xdd, 0xa9, 0x0a, 0x45, 0x60),
    ),
    { maxLength: 300 },
  )
  .map((bytes) => new Uint8Array(bytes));

/** Cuts bytes into portions at these places. */
function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const ends = [...places.map((place) => place % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  return ends.map((end, i) => bytes.subarray(i === 0 ? 0 : ends[i - 1], end));
}
const places = fc.array(fc.nat(10_000), { maxLength: 12 });

describe("slipmux: published frames", () => {
  it("takes and makes the frame with Hello World!", () => {
    const line = `c0a9${hello}49ffc0`;
    deepEqual(read(line), [{ kind: "coap", message: fromHex(hello) }]);
    equal(toHex(encodeCoapFrame(fromHex(hello))), line);
  });

  it("ignores the same with another byte", () => {
    deepEqual(read(`c0a9${hello.replace("57", "58")}49ffc0`), [{ kind: "ignored", reason: "wrong FCS" }]);
  });

  it("takes and makes GET /.well-known/core", () => {
    const line = `c0a9${getCore}79e8c0`;
    deepEqual(read(line), [{ kind: "coap", message: fromHex(getCore) }]);
    equal(toHex(encodeCoapFrame(fromHex(getCore))), line);
  });

  it("escapes END and ESC (RFC 1055)", () => {
    equal(toHex(encodeSlip(fromHex("01c002db03"))), "c001dbdc02dbdd03c0");
    deepEqual(receive([fromHex("c001dbdc02dbdd03c0")]).frames, [fromHex("01c002db03")]);
  });
});

describe("slipmux: frames", () => {
  it("carries text for people", () => {
    equal(toHex(encodeDiagnosticFrame("héllo €😀")), "c00a68c3a96c6c6f20e282acf09f98800ac0");
    deepEqual(read("c00a68c3a96c0ac0"), [{ kind: "diagnostic", text: fromHex("68c3a96c0a") }]);
    equal(toHex(encodeDiagnosticFrame("\ud83d")), "c00aefbfbd0ac0");
  });

  it("ignores IP packets and what it does not know", () => {
    const reasons: [string, string][] = [
      ["44", "unknown frame type"],
      ["45", "IP packet"],
      ["4f", "IP packet"],
      ["50", "unknown frame type"],
      ["5f", "unknown frame type"],
      ["60", "IP packet"],
      ["6f", "IP packet"],
      ["70", "unknown frame type"],
      ["00", "unknown frame type"],
      ["a8", "unknown frame type"],
      ["a9", "wrong FCS"],
      ["a94c", "wrong FCS"],
    ];
    for (const [frame, reason] of reasons) {
      deepEqual(readFrame(fromHex(frame)) as unknown, { kind: "ignored", reason }, frame);
    }
  });

  it("takes an END between frames, two, or none at the start", () => {
    const message = fromHex(getCore);
    const frame = `a9${getCore}79e8`;
    const twice = [
      { kind: "coap", message },
      { kind: "coap", message },
    ] as Frame[];
    for (const line of [`c0${frame}c0${frame}c0`, `c0${frame}c0c0${frame}c0`, `${frame}c0c0c0${frame}c0c0`]) {
      deepEqual(read(line), twice, line);
    }
  });

  it("drops a frame that its sender aborts, and takes the next", () => {
    const { frames, faults } = receive([fromHex("c0a90102dbc0a90304c0")]);
    deepEqual(faults, ["aborted"]);
    deepEqual(frames, [fromHex("a90304")]);
  });

  it("stores a byte after ESC that has no business there", () => {
    deepEqual(receive([fromHex("c001db41db00dbdbc0")]).frames, [fromHex("014100db")]);
  });

  it("drops a frame of 64 kB and takes the next", () => {
    const { frames, faults } = receive([
      fromHex("c0a9"),
      new Uint8Array(65_536).fill(0x55),
      encodeCoapFrame(fromHex(getCore)),
    ]);
    deepEqual(faults, ["too long"]);
    deepEqual(frames.map(readFrame), [{ kind: "coap", message: fromHex(getCore) }]);
  });

  it("takes the longest frame, and none of one byte more", () => {
    const longest = encodeSlip(new Uint8Array(40).fill(7));
    equal(receive([longest], 40).frames.length, 1);
    deepEqual(receive([longest], 39), { frames: [], faults: ["too long"] });
  });

  it("forgets half a frame when the line was cut", () => {
    const frames: Uint8Array[] = [];
    const decoder = new SlipDecoder(10, { onFrame: (frame) => frames.push(Uint8Array.from(frame)) });
    decoder.push(fromHex("c00102db"));
    decoder.reset();
    decoder.push(fromHex("dc03c0"));
    deepEqual(frames, [fromHex("dc03")]);
  });

  it("rejects CON and NON with a courtesy Reset, nothing else", () => {
    equal(toHex(courtesyReset(fromHex(getCore)) ?? ascii("")), "70007d34");
    equal(toHex(courtesyReset(fromHex("5f021234ff")) ?? ascii("")), "70001234");
    for (const other of ["60451234", "70001234", "3f011234", "401234", ""]) {
      equal(courtesyReset(fromHex(other)), undefined, other);
    }
  });
});

describe("slipmux: properties", () => {
  it("decodes what it encodes, however the line is cut", () => {
    fc.assert(
      fc.property(fc.array(lineBytes, { maxLength: 5 }), places, (messages, at) => {
        const line = concat(...messages.map(encodeCoapFrame));
        const { frames, faults } = receive(cut(line, at));
        deepEqual(faults, []);
        deepEqual(
          frames.map(readFrame),
          messages.map((message) => ({ kind: "coap", message }) as Frame),
        );
      }),
    );
  });

  it("takes any bytes in any portions alike, throws nothing, and gives no frame over its capacity", () => {
    fc.assert(
      fc.property(lineBytes, places, fc.integer({ min: 1, max: 40 }), (bytes, at, capacity) => {
        const whole = receive([bytes], capacity);
        deepEqual(receive(cut(bytes, at), capacity), whole);
        for (const frame of whole.frames) {
          ok(frame.length > 0 && frame.length <= capacity);
          readFrame(frame);
        }
      }),
    );
  });

  it("takes a message behind any noise", () => {
    fc.assert(
      fc.property(lineBytes, lineBytes, (noise, message) => {
        // A noise that ends with ESC takes the frame's first END for an abort: that is what it is there for.
        const { frames } = receive([noise, encodeCoapFrame(message)]);
        const last = frames[frames.length - 1];
        deepEqual(last === undefined ? undefined : readFrame(last), { kind: "coap", message });
      }),
    );
  });

  it("gives no message that was damaged in one byte", () => {
    // A damage that makes or takes an END or ESC moves the bytes behind it: there 16 bits promise only that one in
    // 65,536 goes by, and a damaged escape may even stand for the same byte.
    const structural = (byte: number) => byte === 0xc0 || byte === 0xdb;
    fc.assert(
      fc.property(lineBytes, fc.nat(), fc.integer({ min: 1, max: 255 }), (message, place, change) => {
        const line = encodeCoapFrame(message);
        const at = 1 + (place % (line.length - 2));
        fc.pre(line[at - 1] !== 0xdb && !structural(line[at]) && !structural(line[at] ^ change));
        line[at] ^= change;
        for (const frame of receive([line]).frames.map(readFrame)) {
          ok(frame.kind !== "coap", "the damage went unnoticed");
        }
      }),
    );
  });
});
