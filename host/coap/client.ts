/**
 * A CoAP request from Node, over protocol/coap's client and one connected UDP socket for each request: so
 * the kernel drops what other endpoints send, an ICMP refusal comes back as an error, and message IDs are
 * never short (RFC 7252 §4.4). Bodies that do not fit one message go block by block (RFC 7959 §2, Block1).
 *
 * The `coap` package is not used for this: test/host/coap/coap-package.test.ts shows why.
 */

import { randomBytes } from "node:crypto";
import { createSocket, type Socket } from "node:dgram";
import { lookup } from "node:dns/promises";
import { type Block, blockSize, decodeBlock, encodeBlock } from "../../protocol/coap/block.js";
import { CoapClient, type CoapRequest, type FailureReason } from "../../protocol/coap/client.js";
import type { Message } from "../../protocol/coap/message.js";
import { Codes, codeClass, codeName, OptionNumbers, Types } from "../../protocol/coap/numbers.js";
import { decodeUint, encodeUint, findOption, type Option } from "../../protocol/coap/options.js";
import { type TransmissionParameters, transmissionParameters } from "../../protocol/coap/transmission.js";
import { parseAddress } from "./address.js";

export interface CoapRequestOptions {
  /** "host:port" */
  readonly address: string;
  readonly path: string;
  /** A method code; POST where there is none. */
  readonly code?: number;
  readonly payload?: Uint8Array;
  readonly contentFormat?: number;
  /** Others, in ascending order of number; for requests that fit one message. */
  readonly options?: readonly Option[];
  /** Critical options that the caller understands in the response. */
  readonly understood?: readonly number[];
  /** Milliseconds for all of it, separate response included; 20 000 by default. */
  readonly timeout?: number;
  /** The longest payload of one message, in bytes; longer ones go in blocks of this size. */
  readonly blockSize?: 512 | 1024;
  readonly parameters?: Partial<TransmissionParameters>;
  /** Ends the request early. */
  readonly signal?: AbortSignal;
}

export interface CoapResponse {
  /** Of any response class: a 4.xx or 5.xx is a response too. */
  readonly code: number;
  readonly payload: Uint8Array;
  readonly contentFormat?: number;
  readonly options: readonly Option[];
}

export type CoapErrorReason =
  | FailureReason
  /** ICMP says that nobody listens there. */
  | "refused"
  /** The name has no address, or the datagram could not be sent; `cause` says why. */
  | "unreachable"
  /** The caller's signal. */
  | "aborted";

/** A request that got no response which could be taken. */
export class CoapError extends Error {
  override readonly name = "CoapError";
  readonly reason: CoapErrorReason;
  /** The code of the response that could not be taken, where one came. */
  readonly code: number | undefined;

  constructor(address: string, reason: CoapErrorReason, code?: number, cause?: unknown) {
    super(`${address}: ${reason}${code === undefined ? "" : ` (${codeName(code)})`}`, { cause });
    this.reason = reason;
    this.code = code;
  }
}

const DEFAULT_TIMEOUT = 20_000;
/** The host is not constrained: tokens take their full length. */
const TOKEN_LENGTH = 8;

/** Sends one request and waits for its response. Rejects with a CoapError. */
export async function coapRequest(options: CoapRequestOptions): Promise<CoapResponse> {
  const deadline = performance.now() + (options.timeout ?? DEFAULT_TIMEOUT);
  const exchanges = await Exchanges.open(options, deadline);
  try {
    const message = await transfer(options, exchanges);
    const { code, payload, options: received } = message;
    const response = { code, payload, options: received };
    const format = findOption(message.options, OptionNumbers.contentFormat);
    // An elective option of the wrong length is as good as none (RFC 7252 §5.4.3).
    if (format === undefined || format.length > 2) return response;
    return { ...response, contentFormat: decodeUint(format) };
  } finally {
    exchanges.close();
  }
}

/** One message and its response; a server that asks where the sender is gets its answer (Echo, RFC 9175 §2.3). */
async function ask(exchanges: Exchanges, request: Question): Promise<Message> {
  const message = await exchanges.exchange(request);
  const value = message.code === Codes.unauthorized && findOption(message.options, OptionNumbers.echo);
  if (!value) return message;
  const options = [...(request.options ?? []), { number: OptionNumbers.echo, value }];
  return exchanges.exchange({ ...request, options });
}

/** The request in one message, or block by block (RFC 7959 §2.5). */
async function transfer(options: CoapRequestOptions, exchanges: Exchanges): Promise<Message> {
  const { address, path, code, contentFormat, understood, payload = new Uint8Array(0) } = options;
  const request = {
    path,
    ...(understood === undefined ? {} : { understood }),
    ...(code === undefined ? {} : { code }),
    ...(contentFormat === undefined ? {} : { contentFormat }),
  };
  let szx = options.blockSize === 512 ? 5 : 6;
  if (payload.length <= blockSize(szx)) {
    return ask(exchanges, { ...request, payload, ...(options.options && { options: options.options }) });
  }

  for (let offset = 0; ; ) {
    const size = blockSize(szx);
    const end = Math.min(offset + size, payload.length);
    const block = { num: offset / size, more: end < payload.length, szx };
    const blockOptions: Option[] = [{ number: OptionNumbers.block1, value: encodeBlock(block) }];
    if (offset === 0) blockOptions.push({ number: OptionNumbers.size1, value: encodeUint(payload.length) });
    const message = await ask(exchanges, {
      ...request,
      payload: payload.subarray(offset, end),
      options: blockOptions,
    });
    const answer = block1Of(message);
    if (block.more && message.code === Codes.continue && answer?.num === block.num) {
      offset = end;
      // The server may ask for smaller blocks; what was sent counts in its own size (RFC 7959 §2.3).
      szx = Math.min(szx, answer.szx);
    } else if (offset === 0 && message.code === Codes.requestEntityTooLarge && answer && answer.szx < szx) {
      szx = answer.szx;
    } else if (message.code === Codes.continue || (block.more && codeClass(message.code) === 2)) {
      // Wrong place to go on, or done before everything was sent: neither belongs to one atomic request.
      throw new CoapError(address, "block-wise", message.code);
    } else {
      return message;
    }
  }
}

function block1Of(message: Message): Block | undefined {
  const value = findOption(message.options, OptionNumbers.block1);
  return value === undefined ? undefined : decodeBlock(value);
}

type Question = Omit<CoapRequest, "peer" | "timeout">;

/** One exchange after the other with one endpoint. */
class Exchanges {
  readonly #address: string;
  readonly #deadline: number;
  readonly #socket: Socket;
  readonly #client: CoapClient;
  readonly #signal: AbortSignal | undefined;
  #timer: NodeJS.Timeout | undefined;
  #waiting: { resolve(message: Message): void; reject(error: CoapError): void } | undefined;
  readonly #linger: number;
  /** Whether the last response came in a CON, which may come again. */
  #acknowledged = false;
  /** Kept for the next exchange when it comes while none is waiting. */
  #failure: CoapError | undefined;

  static async open(options: CoapRequestOptions, deadline: number): Promise<Exchanges> {
    const { address } = options;
    const { host, port } = parseAddress(address);
    const found = await lookup(host).catch((cause) => {
      throw new CoapError(address, "unreachable", undefined, cause);
    });
    const socket = createSocket(found.family === 6 ? "udp6" : "udp4");
    const exchanges = new Exchanges(socket, options, deadline);
    await new Promise<void>((resolve, reject) => {
      socket.connect(port, found.address, (cause?: Error) => {
        if (cause === undefined || cause === null) resolve();
        else reject(new CoapError(address, "unreachable", undefined, cause));
      });
    }).catch((error) => {
      exchanges.close();
      throw error;
    });
    return exchanges;
  }

  private constructor(socket: Socket, options: CoapRequestOptions, deadline: number) {
    this.#socket = socket;
    this.#address = options.address;
    this.#deadline = deadline;
    this.#signal = options.signal;
    const { ACK_TIMEOUT, ACK_RANDOM_FACTOR } = transmissionParameters(options.parameters);
    this.#linger = 2 * ACK_TIMEOUT * ACK_RANDOM_FACTOR;
    this.#client = new CoapClient({
      random: randomBytes,
      tokenLength: TOKEN_LENGTH,
      ...(options.parameters === undefined ? {} : { parameters: options.parameters }),
    });
    socket.on("error", this.#onError);
    socket.on("message", (datagram) => {
      // A plain view: a Buffer's slice() would not copy.
      const bytes = new Uint8Array(datagram.buffer, datagram.byteOffset, datagram.length);
      this.#client.receive(performance.now(), this.#address, bytes);
      this.#act();
    });
    this.#signal?.addEventListener("abort", this.#onAbort);
    if (this.#signal?.aborted) this.#onAbort();
  }

  exchange(request: Question): Promise<Message> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) {
        reject(this.#failure);
        return;
      }
      this.#waiting = { resolve, reject };
      const now = performance.now();
      this.#client.request(now, { ...request, peer: this.#address, timeout: this.#deadline - now });
      this.#act();
    });
  }

  /** After a separate response the socket stays long enough to acknowledge its first retransmission again. */
  close(): void {
    clearTimeout(this.#timer);
    this.#signal?.removeEventListener("abort", this.#onAbort);
    if (!this.#acknowledged) {
      this.#socket.close();
      return;
    }
    this.#socket.unref();
    setTimeout(() => this.#socket.close(), this.#linger).unref();
  }

  #act(): void {
    for (const action of this.#client.take()) {
      if (action.kind === "send") {
        this.#socket.send(action.datagram, (error) => {
          if (error) this.#onError(error);
        });
      } else if (action.kind === "response") {
        this.#acknowledged = action.message.type === Types.CON;
        this.#waiting?.resolve(action.message);
        this.#waiting = undefined;
      } else {
        this.#fail(new CoapError(this.#address, action.reason, action.code));
      }
    }
    clearTimeout(this.#timer);
    const wake = this.#client.nextWake();
    if (wake === undefined) return;
    this.#timer = setTimeout(
      () => {
        this.#client.tick(performance.now());
        this.#act();
      },
      // Timers have whole milliseconds; rounded down they would fire too early and again.
      Math.max(0, Math.ceil(wake - performance.now())),
    );
  }

  readonly #onError = (cause: Error): void => {
    const refused = "code" in cause && cause.code === "ECONNREFUSED";
    this.#fail(new CoapError(this.#address, refused ? "refused" : "unreachable", undefined, cause));
  };

  readonly #onAbort = (): void => {
    this.#fail(new CoapError(this.#address, "aborted", undefined, this.#signal?.reason));
  };

  #fail(error: CoapError): void {
    this.#failure ??= error;
    this.#waiting?.reject(error);
    this.#waiting = undefined;
  }
}
