/** A gateway with third parties that are quick; what it holds back, adds or alters a test says. */

import { ascii, equal as same } from "../../protocol/bytes.js";
import { decodeMessage, encodeMessage, type Message } from "../../protocol/coap/message.js";
import { Codes, ContentFormats, OptionNumbers, Types } from "../../protocol/coap/numbers.js";
import { encodeUint, findOption, type Option } from "../../protocol/coap/options.js";
import {
  compressConfirmation,
  readBundlePart,
  restoreShareMessage,
  splitBundle,
} from "../../protocol/exchange/bundle-parts.js";
import { sharingOf } from "../../protocol/exchange/policy.js";
import { readShareMessage } from "../../protocol/exchange/share-message.js";
import { createShareVerification } from "../../protocol/exchange/share-verification.js";
import { policyOf, responder } from "../protocol/exchange/parties.js";
import { primitives } from "../support/primitives.js";
import { chainedPsk, GATEWAY, type World } from "./simulation.js";

/** Of sensors with a gateway. */
export const policy = policyOf(2, 1, 3, "aes-ccm-128-8");

/** What waits in a mailbox. */
export interface Item {
  readonly number: number;
  readonly format: number;
  readonly payload: Uint8Array;
}

type Content = Partial<Pick<Message, "code" | "options" | "payload">>;

export class FakeGateway {
  readonly bundles: Uint8Array[] = [];
  /** Restored messages, for third parties 1…n. */
  restored: Uint8Array[] = [];
  /** What waits, oldest first: a mailbox of its own for each bundle. */
  mailbox: Item[] = [];
  /** Messages that were ever put into the mailbox. */
  count = 0;
  /** Whether it answers at all, and whether it passes anything on. */
  answers = true;
  delivers = true;
  /** What stands before R_I in the mailbox. */
  junk: Uint8Array[] = [];
  code: number = Codes.created;
  /** Where it says that the mailbox of the first bundle is; others have a number behind it. */
  name = "AbCd-_09";
  /** How often it was asked for what waits. */
  collections = 0;
  /** Bytes of the questions for it that name a message. */
  readonly collected: number[] = [];
  /** Hears of each exchange that the Responder has the key of. */
  onAgreed: ((world: World) => void) | undefined;
  /** Answers a message to the Responder. */
  onOscore: ((world: World, message: Message) => Content | undefined) | undefined;
  /** Messages that it lies about: the mailbox is not emptied. */
  keeps = false;

  readonly hear = (world: World, datagram: Uint8Array): void => {
    const message = decodeMessage(datagram);
    if (message === undefined || message.code !== Codes.POST || !this.answers) return;
    const path = message.options
      .filter(({ number }) => number === OptionNumbers.uriPath)
      .map(({ value }) => String.fromCharCode(...value))
      .join("/");
    if (path === "b") this.#bundle(world, message);
    else if (path !== `m/${this.#name}`) this.#answer(world, message, { code: Codes.notFound });
    else if (findOption(message.options, OptionNumbers.oscore) === undefined) this.#collect(world, message);
    else this.#forward(world, message);
  };

  /** Puts a message into the mailbox. */
  put(format: number, payload: Uint8Array): void {
    this.mailbox.push({ number: (this.count++ % 255) + 1, format, payload });
  }

  get #name(): string {
    return this.bundles.length < 2 ? this.name : `${this.name}${this.bundles.length}`;
  }

  #bundle(world: World, message: Message): void {
    const { payload } = message;
    if (!this.bundles.some((bundle) => same(bundle, payload))) {
      this.bundles.push(payload.slice());
      this.mailbox = [];
      this.count = 0;
    }
    const location = ["m", this.#name].map((segment) => ({
      number: OptionNumbers.locationPath,
      value: ascii(segment),
    }));
    this.#answer(world, message, {
      code: this.code,
      ...(this.code === Codes.created && { options: location }),
    });
    if (this.delivers && this.code === Codes.created) this.deliver(world);
  }

  /** Sends the parts of the last bundle. */
  deliver(world: World): void {
    this.restored = splitBundle(this.bundles[this.bundles.length - 1], sharingOf(policy)).map((bytes, i) => {
      const part = readBundlePart(bytes);
      return restoreShareMessage(primitives, part, {
        ...{ identity: policy.thirdParties[i], policy, psk: chainedPsk(i + 1, part.t) },
        responders: [responder],
      });
    });
    for (const junk of this.junk) this.put(ContentFormats.octetStream, junk);
    for (const [i, message] of this.restored.entries()) world.collect(i + 1, message);
    world.whenAgreed(() => {
      const { session } = readShareMessage(this.restored[0]);
      const answer = createShareVerification(
        primitives,
        session,
        policy.thirdParties[0],
        chainedPsk(1, session.t),
        world.agreed?.message,
      );
      this.put(ContentFormats.octetStream, compressConfirmation(answer)!);
      this.onAgreed?.(world);
    });
  }

  #collect(world: World, message: Message): void {
    this.collections++;
    if (message.payload.length === 1) {
      this.collected.push(message.payload[0]);
      const at = this.mailbox.findIndex(({ number }) => number === message.payload[0]);
      if (!this.keeps) this.mailbox.splice(0, at + 1);
    }
    const next = this.keeps ? this.mailbox[this.collections - 1] : this.mailbox[0];
    if (next === undefined) {
      // It may wait for as long as it was asked to; then there is nothing.
      const waits = findOption(message.options, OptionNumbers.uriQuery) !== undefined;
      if (waits) world.clock.set(() => this.#answer(world, message, {}), 1_000);
      else this.#answer(world, message, {});
      return;
    }
    const format = { number: OptionNumbers.contentFormat, value: encodeUint(next.format) };
    this.#answer(world, message, { options: [tagOf(next), format], payload: next.payload });
  }

  #forward(world: World, message: Message): void {
    const answer = this.onOscore?.(world, message);
    if (answer === undefined) return;
    const [next] = this.mailbox;
    const { options = [] } = answer;
    const hinted = next === undefined ? options : [tagOf(next), ...options];
    this.#answer(world, message, { ...answer, options: hinted });
  }

  #answer(world: World, { messageId, token }: Message, content: Content): void {
    const response = {
      type: Types.ACK,
      code: Codes.changed,
      options: [],
      payload: new Uint8Array(0),
      ...content,
    };
    world.carry("peer", GATEWAY.address, encodeMessage({ ...response, messageId, token }));
  }
}

function tagOf({ number }: Item): Option {
  return { number: OptionNumbers.eTag, value: Uint8Array.of(number) };
}
