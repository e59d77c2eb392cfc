/** A bare UDP endpoint that speaks CoAP message by message, for what no real client or server would do. */

import { createSocket } from "node:dgram";
import { decodeMessage, encodeMessage, type Message } from "../../../protocol/coap/message.js";
import { Codes, OptionNumbers, Types } from "../../../protocol/coap/numbers.js";

export interface BareEndpoint {
  readonly address: string;
  /** What came in, oldest first. */
  readonly received: Message[];
  send(to: string, message: Message | Uint8Array): void;
  /** Waits until so many messages came in. */
  until(count: number): Promise<void>;
  /** Waits a little, for what should not come. */
  quiet(milliseconds?: number): Promise<void>;
  close(): void;
}

export async function bareEndpoint(
  onMessage: (message: Message, from: string) => void = () => {},
  host = "127.0.0.1",
): Promise<BareEndpoint> {
  const socket = createSocket("udp4");
  const received: Message[] = [];
  let wake = () => {};
  socket.on("message", (datagram, { address, port }) => {
    const message = decodeMessage(Uint8Array.from(datagram));
    if (message === undefined) throw new Error("another version of CoAP");
    received.push(message);
    onMessage(message, `${address}:${port}`);
    wake();
  });
  await new Promise<void>((resolve) => {
    socket.bind(0, host, resolve);
  });
  return {
    address: `${host}:${socket.address().port}`,
    received,
    send(to, message) {
      const [address, port] = to.split(":");
      socket.send(message instanceof Uint8Array ? message : encodeMessage(message), Number(port), address);
    },
    async until(count) {
      while (received.length < count) {
        await new Promise<void>((resolve, reject) => {
          const timer = setTimeout(() => reject(new Error(`${received.length} of ${count} messages`)), 5_000);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
    },
    quiet: (milliseconds = 100) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
    close: () => {
      socket.close();
    },
  };
}

const encoder = new TextEncoder();

/** A Confirmable POST to /mikey in Content-Format 65000, with changes. */
export function post(change: Partial<Message> = {}, path = "mikey"): Message {
  return {
    type: Types.CON,
    code: Codes.POST,
    messageId: 1,
    token: Uint8Array.of(1, 2, 3, 4),
    options: [
      { number: OptionNumbers.uriPath, value: encoder.encode(path) },
      { number: OptionNumbers.contentFormat, value: Uint8Array.of(0xfd, 0xe8) },
    ],
    payload: Uint8Array.of(7),
    ...change,
  };
}
