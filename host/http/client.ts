/** An OSCORE message to a server behind HTTP (RFC 8613 §11.2); its bytes stay as they are. */

import { type IncomingMessage, request as plain } from "node:http";
import { request as overTls } from "node:https";
import type { CoapContent } from "../../protocol/oscore/message.js";
import { CoapError } from "../coap/client.js";
import { readBody } from "./body.js";
import { fromHttp, OSCORE_MEDIA_TYPE, oscoreHeader } from "./mapping.js";

export interface OscorePostOptions {
  readonly url: string;
  /** Value of the OSCORE option. */
  readonly oscore: Uint8Array;
  /** The ciphertext. */
  readonly payload: Uint8Array;
  /** Milliseconds for all of it. */
  readonly timeout: number;
  /** Ends the request early. */
  readonly signal?: AbortSignal;
}

/** Bytes of an answer: no CoAP message has more (RFC 7252 §4.6). */
const MAX_BODY = 1152;
const MAX_HEADER = 8 * 1024;

/** Whether an address is one of HTTP. */
export function isHttpUrl(address: string): boolean {
  return /^https?:\/\//i.test(address);
}

/** Checks the URL of a server. Throws a SyntaxError. */
export function checkHttpUrl(address: string): void {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url === undefined || !isHttpUrl(address) || url.hash !== "") {
    throw new SyntaxError(`address: expected http://host:port/path, got ${JSON.stringify(address)}`);
  }
  // It would stand in a file that is no secret.
  if (url.username !== "" || url.password !== "") throw new SyntaxError("address: a URL without password");
}

/** Sends it and waits for the answer, which is one whatever its status. Rejects with a CoapError. */
export async function oscorePost(options: OscorePostOptions): Promise<CoapContent> {
  const { url, timeout, signal } = options;
  const stopped = new AbortController();
  const stop = () => stopped.abort();
  const timer = setTimeout(stop, timeout);
  signal?.addEventListener("abort", stop);
  if (signal?.aborted) stop();
  try {
    const response = await send(options, stopped.signal);
    const status = response.statusCode ?? 0;
    // Pages that explain errors are for people, and of any length.
    if (status !== 200) response.on("error", () => undefined).destroy();
    const body = status === 200 ? await readBody(response, MAX_BODY) : new Uint8Array(0);
    const { oscore, "retry-after": retryAfter } = response.headers;
    const fields = {
      ...(typeof oscore === "string" && { oscore }),
      ...(retryAfter !== undefined && { retryAfter }),
    };
    return fromHttp(status, fields, body);
  } catch (cause) {
    const isLate = stopped.signal.aborted;
    stop();
    if (signal?.aborted) throw new CoapError(url, "aborted", undefined, signal.reason);
    if (isLate) throw new CoapError(url, "deadline", undefined, cause);
    const isRefused = (cause as NodeJS.ErrnoException).code === "ECONNREFUSED";
    throw new CoapError(url, isRefused ? "refused" : "unreachable", undefined, cause);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", stop);
  }
}

function send({ url, oscore, payload }: OscorePostOptions, signal: AbortSignal): Promise<IncomingMessage> {
  const headers = {
    "Content-Type": OSCORE_MEDIA_TYPE,
    "Content-Length": payload.length,
    OSCORE: oscoreHeader(oscore),
  };
  const request = /^https:/i.test(url) ? overTls : plain;
  return new Promise((resolve, reject) => {
    request(url, { method: "POST", headers, signal, maxHeaderSize: MAX_HEADER }, resolve)
      .on("error", reject)
      .end(payload);
  });
}
