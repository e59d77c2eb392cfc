/**
 * The forward-proxy of the border router (RFC 7252 §5.7.2): requests of boards go to the servers that their options
 * name, over UDP. It holds no key and reads no payload; what it carries is protected from end to end.
 */

import { randomBytes } from "node:crypto";
import { createSocket, type Socket } from "node:dgram";
import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { CoapClient, type FailureReason, type RequestHandle } from "../../protocol/coap/client.js";
import type { Message } from "../../protocol/coap/message.js";
import { Codes, codeName, OptionNumbers } from "../../protocol/coap/numbers.js";
import { findOption, type Option } from "../../protocol/coap/options.js";
import { type ProxyTarget, proxyTarget } from "../../protocol/coap/proxy.js";
import { type Address, formatAddress } from "../coap/address.js";
import { type Answer, bare, busy } from "../coap/answer.js";

/** A UDP datagram of the proxy's, for a capture. */
export interface Passed {
  readonly sent: boolean;
  readonly peer: Address;
  readonly datagram: Uint8Array;
}

export interface ProxyOptions {
  /** Where requests come from, as servers see it. */
  readonly listen: Address;
  onError(error: Error, where: string): void;
  onPassed?(passed: Passed): void;
  /** Milliseconds until a server's silence is told: 60 000, longer than any exchange, by default. */
  readonly timeout?: number;
}

/** Requests under way at a time; more get 5.03. */
const MAX_PENDING = 64;
/** Of these to one server without an acknowledgement: it serves several boards (RFC 7252 §4.7). */
const NSTART = 8;
const TOKEN_LENGTH = 8;
const TIMEOUT = 60_000;

/** Options that a proxy must understand to pass a request on (RFC 7252 §5.7.1), and what becomes of them. */
const ownOptions: readonly number[] = [
  OptionNumbers.uriHost,
  OptionNumbers.uriPort,
  OptionNumbers.proxyScheme,
];
const passedOptions: readonly number[] = [
  OptionNumbers.uriPath,
  OptionNumbers.uriQuery,
  OptionNumbers.maxAge,
];

export class ForwardProxy {
  readonly #socket: Socket;
  readonly #family: 4 | 6;
  readonly #options: ProxyOptions;
  readonly #client = new CoapClient({
    random: randomBytes,
    tokenLength: TOKEN_LENGTH,
    parameters: { NSTART },
  });
  readonly #waiting = new Map<RequestHandle, (answer: Answer) => void>();
  /** Requests that wait for a name's address or for an answer. */
  #pending = 0;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  /** Rejects when the address can't be had. */
  static async open(options: ProxyOptions): Promise<ForwardProxy> {
    const { address, family } = await lookup(options.listen.host);
    const socket = createSocket(family === 6 ? "udp6" : "udp4");
    await new Promise<void>((resolve, reject) => {
      socket.once("error", reject);
      socket.bind(options.listen.port, address, () => {
        socket.off("error", reject);
        resolve();
      });
    });
    return new ForwardProxy(socket, family === 6 ? 6 : 4, options);
  }

  private constructor(socket: Socket, family: 4 | 6, options: ProxyOptions) {
    this.#socket = socket;
    this.#family = family;
    this.#options = options;
    socket.on("error", (error) => options.onError(error, "socket"));
    socket.on("message", (datagram, { address, port }) => {
      // A copy: what it brings may wait for a line.
      const bytes = Uint8Array.from(datagram);
      const peer = { host: address, port };
      options.onPassed?.({ sent: false, peer, datagram: bytes });
      this.#client.receive(performance.now(), formatAddress(peer), bytes);
      this.#work();
    });
  }

  /** Where its requests come from. */
  get address(): Address {
    const { address, port } = this.#socket.address();
    return { host: address, port };
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#socket.close();
  }

  /** The answer to a board's request: the server's, or an error in its place. Neither throws nor rejects. */
  forward(request: Message): Answer | Promise<Answer> {
    const { options } = request;
    const target = proxyTarget(options);
    if (target === undefined) {
      const proxied = [OptionNumbers.proxyUri, OptionNumbers.proxyScheme].some(
        (number) => findOption(options, number) !== undefined,
      );
      return bare(proxied ? Codes.proxyingNotSupported : Codes.notFound);
    }
    const passed = options.filter(({ number }) => !ownOptions.includes(number));
    if (passed.some(({ number }) => isUnsafe(number))) return bare(Codes.badOption);
    if (this.#pending >= MAX_PENDING) return busy(Codes.serviceUnavailable);
    this.#pending++;
    return this.#ask(target, request, passed).finally(() => {
      this.#pending--;
    });
  }

  async #ask(target: ProxyTarget, request: Message, options: readonly Option[]): Promise<Answer> {
    const { code } = request;
    // The line's next bytes take the place of these.
    const payload = Uint8Array.from(request.payload);
    const own = options.map(({ number, value }) => ({ number, value: Uint8Array.from(value) }));
    const peer = await this.#resolve(target);
    if (peer === undefined || this.#closed) return bare(Codes.badGateway);
    return new Promise<Answer>((resolve) => {
      const handle = this.#client.request(performance.now(), {
        peer: formatAddress(peer),
        path: "",
        code,
        options: own,
        payload,
        understood: [OptionNumbers.oscore],
        timeout: this.#options.timeout ?? TIMEOUT,
      });
      this.#waiting.set(handle, resolve);
      this.#work();
    });
  }

  async #resolve({ host, port }: ProxyTarget): Promise<Address | undefined> {
    const name = /^\[.*\]$/.test(host) ? host.slice(1, -1) : host;
    if (isIP(name) === this.#family) return { host: name, port };
    try {
      const { address } = await lookup(name, { family: this.#family });
      return { host: address, port };
    } catch {
      // The board hears that there is no way to this server; that is what it asked.
      return undefined;
    }
  }

  #work(): void {
    for (const action of this.#client.take()) {
      if (action.kind === "send") {
        this.#send(action.peer, action.datagram);
        continue;
      }
      const settle = this.#waiting.get(action.request);
      this.#waiting.delete(action.request);
      if (action.kind === "failure") settle?.(bare(gatewayError(action.reason)));
      else settle?.(answerOf(action.message));
    }
    clearTimeout(this.#timer);
    const wake = this.#client.nextWake();
    if (wake === undefined || this.#closed) return;
    this.#timer = setTimeout(
      () => {
        this.#client.tick(performance.now());
        this.#work();
      },
      Math.max(0, Math.ceil(wake - performance.now())),
    );
  }

  #send(peer: string, datagram: Uint8Array): void {
    const colon = peer.lastIndexOf(":");
    const host = peer.slice(0, colon).replace(/^\[|\]$/g, "");
    const port = Number(peer.slice(colon + 1));
    this.#options.onPassed?.({ sent: true, peer: { host, port }, datagram });
    this.#socket.send(datagram, port, host, (error) => {
      if (error && !this.#closed) this.#options.onError(error, `datagram to ${peer}`);
    });
  }
}

/** For the log: where a request was to go, and what it got. */
export function describe(request: Message, answer: Answer): { to: string; code: string } {
  const target = proxyTarget(request.options);
  const to = target === undefined ? "the router itself" : `${target.host}:${target.port}`;
  return { to, code: codeName(answer.code) };
}

/** RFC 7252 §5.4.6: the second lowest bit of an option's number. */
function isUnsafe(optionNumber: number): boolean {
  return (optionNumber & 2) !== 0 && !passedOptions.includes(optionNumber);
}

/** A server's response without what is between it and us. */
function answerOf({ code, options, payload }: Message): Answer {
  return { code, options: options.filter(({ number }) => !isUnsafe(number)), payload };
}

function gatewayError(reason: FailureReason): number {
  return reason === "timeout" || reason === "deadline" ? Codes.gatewayTimeout : Codes.badGateway;
}
