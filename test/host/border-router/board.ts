/** The other end of a border router's serial line, for tests: bytes out and in, and messages out of them. */

import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { decodeMessage, encodeMessage, type Message } from "../../../protocol/coap/message.js";
import { Codes, OptionNumbers, Types } from "../../../protocol/coap/numbers.js";
import type { Option } from "../../../protocol/coap/options.js";
import { proxyOptions } from "../../../protocol/coap/proxy.js";
import { encodeCoapFrame, MAX_FRAME, readFrame } from "../../../protocol/slipmux/frames.js";
import { SlipDecoder } from "../../../protocol/slipmux/slip.js";

/** What a board says and hears. */
export class Board {
  readonly heard: Message[] = [];
  readonly #decoder = new SlipDecoder(MAX_FRAME, {
    onFrame: (bytes) => {
      const frame = readFrame(Uint8Array.from(bytes));
      const message = frame.kind === "coap" ? decodeMessage(frame.message) : undefined;
      if (message !== undefined) this.heard.push(message);
    },
  });
  #messageId = 0;

  constructor(readonly write: (bytes: Uint8Array) => void) {}

  arrive(bytes: Uint8Array): void {
    this.#decoder.push(bytes);
  }

  send(message: Partial<Message>): Message {
    const messageId = ++this.#messageId;
    const whole: Message = {
      ...{ type: Types.CON, code: Codes.POST, messageId, options: [], payload: new Uint8Array(0) },
      ...{ token: Uint8Array.of(messageId >> 8, messageId & 0xff) },
      ...message,
    };
    this.write(encodeCoapFrame(encodeMessage(whole)));
    return whole;
  }

  /** Sends a request to a server behind the proxy and waits for its response; a CON is acknowledged. */
  async ask(
    address: string,
    path: string,
    payload: Uint8Array,
    more: readonly Option[] = [],
  ): Promise<Message> {
    const [host, ...rest] = proxyOptions(address);
    const options = [
      host,
      { number: OptionNumbers.uriPath, value: Buffer.from(path) },
      { number: OptionNumbers.contentFormat, value: Buffer.from([0xfd, 0xe8]) },
      ...rest,
      ...more,
    ].sort((a, b) => a.number - b.number);
    return this.answerTo(this.send({ options, payload }));
  }

  async answerTo(request: Message): Promise<Message> {
    const answer = await until(() =>
      this.heard.find(
        ({ code, token }) => code !== Codes.empty && Buffer.compare(Buffer.from(token), request.token) === 0,
      ),
    );
    if (answer.type === Types.CON) {
      this.send({
        type: Types.ACK,
        code: Codes.empty,
        messageId: answer.messageId,
        token: new Uint8Array(0),
      });
    }
    return answer;
  }
}

/** A board on a "udp:" port, "udp:127.0.0.1:PORT". */
export async function datagramBoard(at: string): Promise<{ board: Board; socket: Socket }> {
  const port = Number(at.split(":")[2]);
  const socket = createSocket("udp4", (bytes) => board.arrive(bytes));
  const board = new Board((bytes) => {
    // A UART hands over what it has, not whole frames.
    for (let i = 0; i < bytes.length; i += 1_000)
      socket.send(bytes.subarray(i, i + 1_000), port, "127.0.0.1");
  });
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return { board, socket };
}

/** What `look` finds, as soon as it does. */
export async function until<T>(look: () => T | undefined, timeout = 5_000): Promise<T> {
  const end = performance.now() + timeout;
  for (;;) {
    const found = look();
    if (found !== undefined) return found;
    if (performance.now() > end) throw new Error("it did not happen in time");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
