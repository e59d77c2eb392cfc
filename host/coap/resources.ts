/** The request layer of a server (RFC 7252 §5): which handler a request is for, and why it gets none. */

import { toHex } from "../../protocol/bytes.js";
import { encodeBlock } from "../../protocol/coap/block.js";
import type { Message } from "../../protocol/coap/message.js";
import {
  Codes,
  ContentFormats,
  codeClass,
  isResponse,
  MAX_PAYLOAD_SIZE,
  OptionNumbers,
} from "../../protocol/coap/numbers.js";
import { encodeUint, findOption, type Option } from "../../protocol/coap/options.js";
import { parseAddress } from "./address.js";
import { Admission } from "./admission.js";
import { type Answer, bare } from "./answer.js";
import { Block1Assembly } from "./block1.js";
import { answerLinks, linkFormat } from "./links.js";
import { networkOf } from "./network.js";
import { blockOf, has, hasBadCritical, uintOf } from "./options.js";

/** What a handler is given. */
export interface RouteRequest {
  /** The whole body. */
  readonly payload: Uint8Array;
  readonly contentFormat?: number;
  /** "address:port" of the sender. */
  readonly peer: string;
  /** The segment that stood in the place of the asterisk. */
  readonly segment?: string;
  readonly options: readonly Option[];
}

export interface RouteResponse {
  /** Of a response class. */
  readonly code: number;
  /** At most 1024 bytes. */
  readonly payload?: Uint8Array;
  readonly contentFormat?: number;
  /** Others, in ascending order of number. */
  readonly options?: readonly Option[];
  /** The sender has shown that it receives at its address: what it is sent again may be more than what it sent. */
  readonly shown?: boolean;
}

/** What answers POST on a path; a path that ends in an asterisk stands for one segment more, whatever it is. */
export interface CoapRoute {
  /** Of requests and responses; a route without takes any. */
  readonly contentFormat?: number;
  /** Names the kind of resource in /.well-known/core (RFC 6690 §3.1). */
  readonly resourceType?: string;
  /** Whether handling costs so much that only admitted senders may ask for it: see admission.ts. */
  readonly admission?: true;
  /** Whether it takes requests that are protected with OSCORE, for somebody behind it. */
  readonly carriesOscore?: true;
  /**
   * Acts on a request. Nothing is sent to the peer, no acknowledgement either, before this has returned its
   * response or its promise: what must last is stored before the first await.
   */
  handler(request: RouteRequest): RouteResponse | Promise<RouteResponse>;
}

export type Routes = Readonly<Record<string, CoapRoute>>;

/** What answers requests that have the OSCORE option: their path and method are inside (RFC 8613 §4). */
export type ProtectedHandler = (peer: string, request: Answer) => Answer;

/** Answers requests that are for somebody else (RFC 7252 §5.7): they have Proxy-Uri or Proxy-Scheme. */
export type ProxyHandler = (request: Message) => Answer | Promise<Answer>;

export interface ResourceLimits {
  /** The longest request body, in bytes. */
  readonly maxBody: number;
  /** Bodies that may be on their way in blocks at the same time. */
  readonly maxTransfers: number;
  /** Milliseconds that such a transfer may pause. */
  readonly transferLifetime: number;
}

/** Where RFC 6690 §4 has the list of resources. */
const WELL_KNOWN_CORE = ".well-known/core";

const nothing = new Uint8Array(0);

export class Resources {
  readonly #routes = new Map<string, CoapRoute>();
  readonly #limits: ResourceLimits;
  readonly #assembly: Block1Assembly;
  readonly #admission = new Admission();
  readonly #links: Uint8Array;
  readonly #onError: (error: unknown, where: string) => void;
  readonly #onProtected: ProtectedHandler | undefined;
  readonly #onProxied: ProxyHandler | undefined;

  constructor(
    routes: Routes,
    limits: ResourceLimits,
    onError: (error: unknown, where: string) => void,
    onProtected?: ProtectedHandler,
    onProxied?: ProxyHandler,
  ) {
    for (const [path, route] of Object.entries(routes)) this.#routes.set(normalized(path), route);
    this.#limits = limits;
    this.#assembly = new Block1Assembly(limits.maxBody, limits.maxTransfers, limits.transferLifetime);
    this.#links = linkFormat(this.#routes);
    this.#onError = onError;
    this.#onProtected = onProtected;
    this.#onProxied = onProxied;
  }

  /** The answer to a request, at once where no handler is asked or it is done at once. Throws nothing. */
  answer(now: number, peer: string, request: Message): Answer | Promise<Answer> {
    const { code, options } = request;
    if (has(options, OptionNumbers.proxyUri) || has(options, OptionNumbers.proxyScheme)) {
      return this.#onProxied?.(request) ?? bare(Codes.proxyingNotSupported);
    }
    if (this.#onProtected !== undefined && has(options, OptionNumbers.oscore)) {
      return this.#answerProtected(peer, this.#onProtected, request);
    }
    const path = pathOf(options);
    const route = this.#routes.get(path) ?? this.#routes.get(anyOf(path));
    if (hasBadCritical(options, route?.carriesOscore)) return bare(Codes.badOption);
    const accept = uintOf(options, OptionNumbers.accept);
    if (path === WELL_KNOWN_CORE) {
      if (code !== Codes.GET) return bare(Codes.methodNotAllowed);
      if (accept !== undefined && accept !== ContentFormats.linkFormat) return bare(Codes.notAcceptable);
      return answerLinks(this.#links, options);
    }
    if (route === undefined) return bare(Codes.notFound);
    if (code !== Codes.POST) return bare(Codes.methodNotAllowed);
    const { contentFormat } = route;
    if (contentFormat !== undefined) {
      if (uintOf(options, OptionNumbers.contentFormat) !== contentFormat) {
        return bare(Codes.unsupportedContentFormat);
      }
      if (accept !== undefined && accept !== contentFormat) return bare(Codes.notAcceptable);
    }
    // Responses are one message, and a part of one can't be had.
    if (has(options, OptionNumbers.block2)) return bare(Codes.badOption);
    return this.#post(now, peer, path, route, request);
  }

  #answerProtected(peer: string, handle: ProtectedHandler, { code, options, payload }: Message): Answer {
    if (code !== Codes.POST) return bare(Codes.methodNotAllowed);
    try {
      return handle(peer, { code, options, payload });
    } catch (error) {
      // The peer is told nothing of what went wrong here.
      this.#onError(error, `protected request from ${peer}`);
      return bare(Codes.internalServerError);
    }
  }

  #post(
    now: number,
    peer: string,
    path: string,
    route: CoapRoute,
    request: Message,
  ): Answer | Promise<Answer> {
    const { options, payload } = request;
    const tooLarge = {
      ...bare(Codes.requestEntityTooLarge),
      options: [{ number: OptionNumbers.size1, value: encodeUint(this.#limits.maxBody) }],
    };
    const blockValue = findOption(options, OptionNumbers.block1);
    const block = blockValue === undefined ? undefined : blockOf(blockValue);
    if (blockValue !== undefined && block === undefined) return bare(Codes.badRequest);
    // Later blocks are taken only where the first one was.
    const turnedAway =
      route.admission && (block?.num ?? 0) === 0 ? this.#admission.judge(now, peer, request) : undefined;
    if (turnedAway !== undefined) return turnedAway;
    if (block === undefined) {
      if (payload.length > this.#limits.maxBody) return tooLarge;
      return this.#handle(peer, path, route, request, payload, []);
    }
    // Blocks belong together by endpoint, resource and Request-Tag (RFC 7959 §2.5, RFC 9175 §3.3).
    const tag = findOption(options, OptionNumbers.requestTag);
    const key = `${peer} ${path} ${tag === undefined ? "" : toHex(tag)}`;
    const network = networkOf(parseAddress(peer).host);
    const outcome = this.#assembly.accept(
      now,
      network,
      key,
      block,
      payload,
      uintOf(options, OptionNumbers.size1),
    );
    if (outcome.kind === "refused") {
      return outcome.code === Codes.requestEntityTooLarge ? tooLarge : bare(outcome.code);
    }
    const echoed = [{ number: OptionNumbers.block1, value: encodeBlock(block) }];
    if (outcome.kind === "continue") return { code: Codes.continue, options: echoed, payload: nothing };
    return this.#handle(peer, path, route, request, outcome.body, echoed);
  }

  #handle(
    peer: string,
    path: string,
    route: CoapRoute,
    { options }: Message,
    payload: Uint8Array,
    blockOptions: readonly Option[],
  ): Answer | Promise<Answer> {
    const failed = (error: unknown): Answer => {
      // The peer is told nothing of what went wrong here.
      this.#onError(error, `POST /${path} from ${peer}`);
      return { code: Codes.internalServerError, options: blockOptions, payload: nothing };
    };
    const answered = (response: RouteResponse): Answer => {
      if (route.admission && codeClass(response.code) === 4) {
        this.#admission.refused(performance.now(), peer);
      }
      return answerOf(response, blockOptions);
    };
    try {
      const contentFormat = uintOf(options, OptionNumbers.contentFormat);
      const segment = this.#routes.has(path)
        ? undefined
        : decodeURIComponent(path.slice(path.lastIndexOf("/") + 1));
      const response = route.handler({
        ...{ payload, peer, options },
        ...(contentFormat !== undefined && { contentFormat }),
        ...(segment !== undefined && { segment }),
      });
      if (!(response instanceof Promise)) return answered(response);
      return response.then(answered).catch(failed);
    } catch (error) {
      return failed(error);
    }
  }
}

/** Throws for what a handler must not return. */
function answerOf(
  { code, payload = nothing, contentFormat, options = [], shown = false }: RouteResponse,
  blockOptions: readonly Option[],
): Answer {
  if (!isResponse(code)) throw new RangeError(`code: expected a response class, got ${code}`);
  if (payload.length > MAX_PAYLOAD_SIZE) {
    throw new RangeError(`payload: expected at most ${MAX_PAYLOAD_SIZE} bytes, got ${payload.length}`);
  }
  const format =
    contentFormat === undefined
      ? []
      : [{ number: OptionNumbers.contentFormat, value: encodeUint(contentFormat) }];
  const all = [...options, ...format, ...blockOptions].sort((a, b) => a.number - b.number);
  return { code, options: all, payload, shown };
}

const text = new TextDecoder();

/** The path with a slash between segments, each percent-encoded, so that a slash in one stays in it. */
function pathOf(options: readonly Option[]): string {
  const segments: string[] = [];
  for (const { number, value } of options) {
    if (number === OptionNumbers.uriPath) segments.push(encodeURIComponent(text.decode(value)));
  }
  return segments.join("/");
}

function normalized(path: string): string {
  return path.split("/").filter(Boolean).map(encodeURIComponent).join("/");
}

/** The path of the route that takes any last segment. */
function anyOf(path: string): string {
  return `${path.slice(0, path.lastIndexOf("/") + 1)}*`;
}
