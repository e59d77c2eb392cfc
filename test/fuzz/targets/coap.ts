/** CoAP, both ends. */

import assert from "node:assert/strict";
import { Endpoint } from "../../../host/coap/endpoint.js";
import { Resources } from "../../../host/coap/resources.js";
import { ascii, concat } from "../../../protocol/bytes.js";
import { decodeBlock, encodeBlock } from "../../../protocol/coap/block.js";
import { CoapClient } from "../../../protocol/coap/client.js";
import { decodeMessage as decodeCoap, encodeMessage as encodeCoap } from "../../../protocol/coap/message.js";
import { Codes, ContentFormats, MAX_MESSAGE_SIZE } from "../../../protocol/coap/numbers.js";
import { post } from "../../host/coap/endpoint.js";
import { isSyntax, never, pieces, type Target } from "./target.js";

export function coapTargets(): Target[] {
  const block = encodeBlock({ num: 0, more: true, szx: 6 });
  const datagrams = [
    encodeCoap(post()),
    encodeCoap(
      post({ payload: new Uint8Array(1024), options: [...post().options, { number: 27, value: block }] }),
    ),
    encodeCoap(post({ code: Codes.GET, options: [{ number: 11, value: ascii(".well-known") }] })),
  ];
  const clientOptions = { random: (length: number) => new Uint8Array(length).fill(7) };
  return [
    {
      name: "coap",
      seeds: datagrams,
      longest: MAX_MESSAGE_SIZE,
      allows: isSyntax,
      run(input) {
        const message = decodeCoap(input);
        if (message === undefined) return;
        assert.deepEqual(decodeCoap(encodeCoap(message)), message);
      },
    },
    {
      name: "coap-block",
      seeds: [block],
      longest: 8,
      allows: isSyntax,
      run(input) {
        const read = decodeBlock(input);
        assert.deepEqual(decodeBlock(encodeBlock(read)), read);
      },
    },
    {
      // Some datagrams one after the other: the first byte of each says how long it is.
      name: "coap-server",
      seeds: datagrams.map((datagram) => chopped(datagram)),
      longest: 4_000,
      allows: never,
      run(input) {
        const resources = new Resources(
          {
            mikey: {
              contentFormat: ContentFormats.mikey,
              handler: () => ({ code: Codes.changed }),
            },
          },
          { maxBody: 4_096, maxTransfers: 4, transferLifetime: 1_000 },
          assert.fail,
        );
        const endpoint = new Endpoint({
          send: (_, datagram) => assert.ok(datagram.length <= MAX_MESSAGE_SIZE),
          answer: (...question) => resources.answer(...question),
        });
        for (const datagram of pieces(input)) endpoint.receive("192.0.2.1:5683", datagram);
        endpoint.close();
      },
    },
    {
      name: "coap-client",
      seeds: datagrams.map((datagram) => chopped(datagram)),
      longest: 4_000,
      allows: never,
      run(input) {
        const client = new CoapClient(clientOptions);
        client.request(0, { peer: "peer", path: "mikey", payload: Uint8Array.of(1) });
        for (const datagram of pieces(input)) {
          client.receive(1, "peer", datagram);
          client.take();
        }
      },
    },
  ];
}

function chopped(datagram: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let offset = 0; offset < datagram.length; offset += 255) {
    const part = datagram.subarray(offset, offset + 255);
    parts.push(concat(part.length, part));
  }
  return concat(...parts);
}
