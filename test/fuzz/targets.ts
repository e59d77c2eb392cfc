/**
 * Everything of ours that reads bytes of strangers, with what it may say of them. A target that throws another error,
 * or whose own checks fail, is a finding.
 */

import assert from "node:assert/strict";
import type { KeyObject } from "node:crypto";
import { enrolmentFromText } from "../../firmware/enrolment-text.js";
import { CertificateError, validateChain } from "../../host/authority/certificate.js";
import { Channel } from "../../host/channel/channel.js";
import { decodeSenml } from "../../host/channel/senml.js";
import { parseAddress } from "../../host/coap/address.js";
import { Endpoint } from "../../host/coap/endpoint.js";
import { Resources } from "../../host/coap/resources.js";
import { explainMessage } from "../../host/decode/explain.js";
import { readMessageText } from "../../host/decode/input.js";
import { StatementError, verifyStatement } from "../../host/enrolment/statement.js";
import { primitives } from "../../host/primitives.js";
import { MemoryStore } from "../../host/store/memory.js";
import { ascii, concat, equal, fromHex, toHex } from "../../protocol/bytes.js";
import { decodeBlock, encodeBlock } from "../../protocol/coap/block.js";
import { CoapClient } from "../../protocol/coap/client.js";
import { decodeMessage as decodeCoap, encodeMessage as encodeCoap } from "../../protocol/coap/message.js";
import { Codes, ContentFormats, MAX_MESSAGE_SIZE } from "../../protocol/coap/numbers.js";
import {
  compressVerification,
  readBundleHead,
  readBundlePart,
  readPseudonym,
  restoreShareMessage,
  splitBundle,
  withoutPseudonym,
} from "../../protocol/exchange/bundle-parts.js";
import { readForwardMessage } from "../../protocol/exchange/forward-message.js";
import { errorNumberOf } from "../../protocol/exchange/over-coap.js";
import { PSEUDONYMOUS_PROFILE } from "../../protocol/exchange/pseudonym.js";
import { consumeShareMessage, readShareMessage } from "../../protocol/exchange/share-message.js";
import { decodeGatt, encodeGatt } from "../../protocol/gatt/message.js";
import { identityFromText, identityToText } from "../../protocol/mikey/identity.js";
import { readKemacContents, writeKemacContents } from "../../protocol/mikey/key-data.js";
import { decodeMessage, encodeMessage, refuseForbiddenPolicy } from "../../protocol/mikey/message.js";
import { deriveContext } from "../../protocol/oscore/context.js";
import { OscoreError } from "../../protocol/oscore/errors.js";
import { decodePlaintext, encodePlaintext } from "../../protocol/oscore/message.js";
import { decodeOscoreOption, encodeOscoreOption } from "../../protocol/oscore/option.js";
import { protectRequest } from "../../protocol/oscore/protect.js";
import { courtesyReset, encodeCoapFrame, MAX_FRAME, readFrame } from "../../protocol/slipmux/frames.js";
import { SlipDecoder } from "../../protocol/slipmux/slip.js";
import { post } from "../host/coap/endpoint.js";
import { forward } from "../host/responder/forwarding.js";
import { begin, type World } from "../host/third-party/world.js";

export interface Target {
  readonly name: string;
  /** Inputs to begin with, besides the corpus. */
  readonly seeds: readonly Uint8Array[];
  /** Bytes of the longest input that is tried. */
  readonly longest: number;
  /** Whether an error is what this may say of an input. */
  allows(error: unknown): boolean;
  /** Reads an input, and checks what it makes of it. */
  run(input: Uint8Array): void | Promise<void>;
}

const isMikey = (error: unknown) => errorNumberOf(error) !== undefined;
const isSyntax = (error: unknown) => error instanceof SyntaxError;
const isTextError = (error: unknown) => error instanceof SyntaxError || error instanceof RangeError;
const never = () => false;

const decoder = new TextDecoder("latin1");
const textOf = (bytes: Uint8Array) => decoder.decode(bytes);

/** The targets, with inputs made in `world`. */
export async function targetsOf(world: World, authorityKey: KeyObject): Promise<Target[]> {
  const begun = begin(world, 7);
  const small = begin(world, 8, { policy: { ...world.policy, suite: "aes-ccm-128-8" } });
  const { bytes: forwarded } = forward(world, begun, 1);
  const [certificate] = [world.parties[0].certificate];
  const shareMessages = [...begun.messages, ...small.messages];
  return [
    ...mikeyTargets(world, [...shareMessages, forwarded]),
    ...bundleTargets(world, small.messages),
    ...coapTargets(),
    ...linkTargets(),
    ...oscoreTargets(),
    ...textTargets(world),
    {
      name: "certificate",
      seeds: [certificate],
      longest: 2_048,
      allows: (error) => error instanceof CertificateError,
      run(input) {
        const question = { chain: [input], root: world.authority, now: Date.now() };
        validateChain({ ...question, identity: world.parties[0].identity, role: "third-party" });
        assert.ok(equal(input, certificate), "another certificate was taken");
      },
    },
    {
      name: "statement",
      seeds: [world.statement],
      longest: 4_096,
      allows: (error) => error instanceof StatementError,
      async run(input) {
        const { policy } = await verifyStatement(textOf(input), authorityKey, Date.now());
        assert.deepEqual(policy, world.policy, "another policy was taken");
      },
    },
  ];
}

function mikeyTargets(world: World, messages: readonly Uint8Array[]): Target[] {
  const longest = 3_000;
  const contents = concat(0, 0x20, 0, 16, new Uint8Array(16));
  return [
    {
      name: "mikey",
      seeds: messages,
      longest,
      allows: isMikey,
      run(input) {
        const message = decodeMessage(input);
        // What may be read and not be written.
        refuseForbiddenPolicy(message);
        const again = decodeMessage(encodeMessage(message));
        assert.deepEqual(again.payloads, message.payloads);
        assert.deepEqual(again.header, message.header);
      },
    },
    {
      name: "mikey-explain",
      seeds: messages,
      longest,
      allows: never,
      run(input) {
        const { error, message } = explainMessage(input, { showKeys: false });
        assert.ok(error !== undefined || message !== undefined);
      },
    },
    {
      name: "key-data",
      seeds: [contents],
      longest: 200,
      allows: isMikey,
      run(input) {
        for (const mode of ["preSharedKey", "publicKey"] as const) {
          const read = readKemacContents(input, mode, 0);
          assert.deepEqual(readKemacContents(writeKemacContents(read), mode, 0), read);
        }
      },
    },
    {
      name: "share-message",
      seeds: messages,
      longest,
      allows: isMikey,
      run(input) {
        const read = readShareMessage(input);
        const policy = { ...world.policy, suite: read.session.suite.name };
        consumeShareMessage(primitives, read, policy, world.psks[0]);
        assert.ok(
          messages.some((message) => equal(message, input)),
          "a forged share was taken",
        );
      },
    },
    {
      name: "forward-message",
      seeds: messages,
      longest,
      allows: isMikey,
      run: (input) => void readForwardMessage(input),
    },
  ];
}

function bundleTargets(world: World, messages: readonly Uint8Array[]): Target[] {
  const sharing = { privacy: 1, shares: 3 };
  const policy = { ...world.policy, suite: "aes-ccm-128-8" as const };
  const { identity } = world.parties[1];
  const part = concat(0x11, 0, 1, 0, new Uint8Array(8), 0, 0, 0, 8, new Uint8Array(8 + 16 + 8));
  const named = concat(0x11, 0, 1, 255, 9, 0, ascii("hospital"), new Uint8Array(8 + 4 + 8 + 16 + 8));
  return [
    {
      name: "bundle",
      seeds: [new Uint8Array(80).fill(0x11), concat(0x11, new Uint8Array(79)), named],
      longest: 300,
      allows: isMikey,
      run(input) {
        for (const each of splitBundle(input, sharing)) readBundlePart(each);
      },
    },
    {
      name: "bundle-part",
      seeds: [part, named],
      longest: 300,
      allows: isMikey,
      run(input) {
        const responders = [world.hospital.identity];
        const party = { identity, policy, psk: world.psks[1], responders };
        const message = restoreShareMessage(primitives, readBundlePart(input), party);
        // What was restored can be read; its MAC is another matter.
        const read = readShareMessage(message);
        consumeShareMessage(primitives, read, policy, world.psks[1]);
        assert.ok(
          messages.some((each) => equal(each, message)),
          "a forged part was taken",
        );
      },
    },
    {
      name: "pseudonym",
      seeds: [part, named].map((each) => concat(PSEUDONYMOUS_PROFILE, each.subarray(1))),
      longest: 300,
      allows: isMikey,
      run(input) {
        readPseudonym(input);
        const { handle, t } = readBundleHead(withoutPseudonym(input, 0x0102, 8));
        assert.deepEqual([handle, t], [0x0102, 8], "handle and T are not where the pseudonym was");
      },
    },
    {
      name: "confirmation",
      seeds: messages,
      longest: 400,
      allows: isMikey,
      run: (input) => void compressVerification(input),
    },
  ];
}

function coapTargets(): Target[] {
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

/** A length byte of 0 stands for 256. */
function* pieces(input: Uint8Array): Generator<Uint8Array> {
  for (let offset = 0; offset < input.length; ) {
    const length = input[offset++] || 256;
    yield input.slice(offset, offset + length);
    offset += length;
  }
}

function chopped(datagram: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let offset = 0; offset < datagram.length; offset += 255) {
    const part = datagram.subarray(offset, offset + 255);
    parts.push(concat(part.length, part));
  }
  return concat(...parts);
}

function linkTargets(): Target[] {
  const { code, token, options, payload } = post();
  return [
    {
      name: "slipmux",
      seeds: [encodeCoapFrame(encodeCoap(post())), fromHex("c00a68656c6c6f0ac0")],
      longest: 3_000,
      allows: never,
      run(input) {
        const slip = new SlipDecoder(MAX_FRAME, {
          onFrame(bytes) {
            assert.ok(bytes.length > 0 && bytes.length <= MAX_FRAME);
            const frame = readFrame(bytes);
            if (frame.kind === "coap") courtesyReset(frame.message);
          },
        });
        slip.push(input);
      },
    },
    {
      name: "gatt",
      seeds: [
        encodeGatt({
          messageId: 1,
          confirm: true,
          acknowledged: 0,
          content: { code, token, options, payload },
        }),
      ],
      longest: 520,
      allows: isSyntax,
      run(input) {
        const message = decodeGatt(input);
        if (message === undefined) return;
        assert.deepEqual(decodeGatt(encodeGatt(message)), message);
      },
    },
  ];
}

function oscoreTargets(): Target[] {
  const input = { masterSecret: new Uint8Array(16).fill(1), idContext: new Uint8Array(8).fill(2) };
  const client = deriveContext(primitives, {
    ...input,
    senderId: Uint8Array.of(1),
    recipientId: Uint8Array.of(2),
  });
  const reading = fromHex("81a2006168021848");
  const request = { code: Codes.POST, options: [{ number: 11, value: ascii("r") }], payload: reading };
  const { message } = protectRequest(primitives, client, 5, request);
  const plaintext = encodePlaintext(request);
  return [
    {
      name: "oscore-option",
      seeds: [message.options[0].value, Uint8Array.of()],
      longest: 64,
      allows: (error) => error instanceof OscoreError,
      run(bytes) {
        const option = decodeOscoreOption(bytes);
        assert.deepEqual(decodeOscoreOption(encodeOscoreOption(option)), option);
      },
    },
    {
      name: "oscore-plaintext",
      seeds: [plaintext],
      longest: 300,
      allows: (error) => error instanceof OscoreError,
      run(bytes) {
        for (const kind of ["request", "response"] as const) decodePlaintext(bytes, kind);
      },
    },
    {
      name: "channel",
      seeds: [encodeCoap(post({ ...message, token: Uint8Array.of(1) }))],
      longest: 300,
      allows: isSyntax,
      run(bytes) {
        const content = decodeCoap(bytes);
        if (content === undefined) return;
        const channel = new Channel({
          store: new MemoryStore(),
          onEvent: () => {},
          onReading: () => assert.fail("a reading was taken that nobody could have sent"),
          hold: 1_000,
        });
        channel.receive("192.0.2.1:5683", content);
        channel.close();
      },
    },
    {
      name: "senml",
      seeds: [reading, fromHex("82a421626872221a100000000061610214a104f5")],
      longest: 300,
      allows: isSyntax,
      run: (bytes) => void decodeSenml(bytes),
    },
  ];
}

function textTargets(world: World): Target[] {
  const names = world.policy.thirdParties.map((identity) => identityToText(identity));
  const enrolment = {
    format: "symbolon-sensor-1",
    policy: { sensor: "sensor01", threshold: 2, privacy: 1, suite: "aes-ccm-128", thirdParties: names },
    responder: "hospital",
    psks: ["00", "11", "22"].map((byte) => byte.repeat(16)),
    addresses: names.map(() => "127.0.0.1:5683"),
    weights: "00",
    deadline: 20,
  };
  return [
    {
      name: "enrolment",
      seeds: [ascii(JSON.stringify(enrolment))],
      longest: 2_000,
      allows: isTextError,
      run: (input) => void enrolmentFromText(textOf(input)),
    },
    {
      name: "identity",
      seeds: names.map((name) => ascii(name)),
      longest: 100,
      allows: isTextError,
      run(input) {
        const identity = identityFromText(textOf(input));
        assert.deepEqual(identityFromText(identityToText(identity)), identity);
      },
    },
    {
      name: "address",
      seeds: [ascii("[::1]:5683"), ascii("host.example:1")],
      longest: 100,
      allows: isTextError,
      run: (input) => void parseAddress(textOf(input)),
    },
    {
      name: "decode-input",
      seeds: [ascii(toHex(new Uint8Array(20))), ascii("AAAA")],
      longest: 400,
      allows: isTextError,
      run: (input) => void readMessageText(textOf(input)),
    },
  ];
}
