/**
 * The way by HTTP from the gateway to the Responder, as a relay that compares: each message that arrives there, option
 * and ciphertext, with all that sensors have sent to the gateway.
 */

import { request as ask, type IncomingMessage, type ServerResponse } from "node:http";
import { toHex } from "../../protocol/bytes.js";
import { decodeMessage } from "../../protocol/coap/message.js";
import { OptionNumbers } from "../../protocol/coap/numbers.js";
import { findOption } from "../../protocol/coap/options.js";
import { readBody } from "../http/body.js";
import { type HttpListener, listenHttp } from "../http/listen.js";
import { readOscoreHeader } from "../http/mapping.js";
import type { Observer } from "./network.js";

/** What reached the Responder over HTTP. */
export interface HttpFigures {
  readonly requests: number;
  /** How many of them are, byte for byte, what the sensor sent. */
  readonly identical: number;
}

const HOST = "127.0.0.1";
/** More than any message has; the Responder is to refuse what is too long, not the relay. */
const MAX_BODY = 64 * 1024;

export class HttpPath {
  readonly #gateway: string;
  readonly #onError: (error: Error) => void;
  #listener: HttpListener | undefined;
  #port: number | undefined;
  /** Who sent each message. */
  readonly #sealed = new Map<string, string>();
  readonly #identical = new Map<string, number>();
  /** Messages that no sensor has sent. */
  #strange = 0;

  constructor(gateway: string, onError: (error: Error) => void) {
    this.#gateway = gateway;
    this.#onError = onError;
  }

  /** Hears what leaves the sensors. */
  readonly observe: Observer = ({ from, to, datagram }) => {
    const message = to === this.#gateway ? decodeMessage(datagram) : undefined;
    const option = message && findOption(message.options, OptionNumbers.oscore);
    if (message !== undefined && option !== undefined)
      this.#sealed.set(nameOf(option, message.payload), from);
  };

  async open(): Promise<void> {
    const relay = (request: IncomingMessage, response: ServerResponse) =>
      // A side that is gone is the other's to notice.
      void this.#relay(request, response).catch(() => response.destroy());
    this.#listener = await listenHttp({ host: HOST, port: 0 }, relay, this.#onError);
  }

  /** Where the gateway finds the Responder. */
  get url(): string {
    return `http://${this.#listener?.address}/oscore`;
  }

  /** Where the Responder listens for HTTP from now on. */
  connect(port: number): void {
    this.#port = port;
  }

  /** Ends a sensor's count. */
  end(sensor: string): HttpFigures {
    const identical = this.#identical.get(sensor) ?? 0;
    this.#identical.delete(sensor);
    return { requests: identical + this.#strange, identical };
  }

  async close(): Promise<void> {
    await this.#listener?.close();
  }

  async #relay(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(request, MAX_BODY);
    const { method, url, headers } = request;
    this.#count(headers.oscore, body);
    if (this.#port === undefined) throw new Error("the Responder is not there");
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const options = { host: HOST, port: this.#port, method, path: url, headers, agent: false };
      ask(options, resolve).on("error", reject).end(body);
    });
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    response.end(await readBody(answer, MAX_BODY));
  }

  #count(header: string | string[] | undefined, body: Uint8Array): void {
    const option = typeof header === "string" ? readOscoreHeader(header) : undefined;
    const sensor = option && this.#sealed.get(nameOf(option, body));
    if (sensor === undefined) this.#strange++;
    else this.#identical.set(sensor, (this.#identical.get(sensor) ?? 0) + 1);
  }
}

function nameOf(option: Uint8Array, ciphertext: Uint8Array): string {
  return `${toHex(option)} ${toHex(ciphertext)}`;
}
