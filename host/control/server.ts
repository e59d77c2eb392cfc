/**
 * Orders to a Responder that runs, over HTTP on a Unix socket:
 *
 * POST /requests                         {"sensor", "request", "gateway"}: 201 {"sensor", "t", "request"}
 * GET /requests/SENSOR/T/NUMBER?wait=N   200 the answer, 204 none within N seconds
 * GET /exchanges                         200 {"takesFrom"}: from when on it takes exchanges, Unix time in milliseconds
 *
 * 400 what is no order, 409 what can't be done now: {"error"}.
 */

import { rmSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { LONGEST_INTERVAL, type SensorRequest } from "../../protocol/exchange/sensor-requests.js";
import { parseAddress } from "../coap/address.js";
import { readBody } from "../http/body.js";
import { AskError, type Asking } from "../responder/asking.js";
import { EXCHANGES_PATH, LONGEST_WAIT, REQUESTS_PATH } from "./socket.js";

/** Who obeys. */
export interface Obeying {
  readonly asking: Asking;
  readonly takesFrom: number;
}

export interface ControlServer {
  /** Ends all connections, and removes the socket. */
  close(): Promise<void>;
}

const LONGEST_ORDER = 4096;
const OWNER_ONLY = 0o177;

/**
 * Starts to listen on a path. Whoever has the Responder's store may replace the socket that a process before it has left.
 * Rejects when it can't be made.
 */
export async function startControlServer(
  path: string,
  obeying: Obeying,
  onError: (error: unknown) => void,
): Promise<ControlServer> {
  const server = createServer((request, response) => {
    answer(obeying, request, response).catch((error) => {
      onError(error);
      // The connection may be gone.
      if (!response.headersSent) response.writeHead(500);
      response.end();
    });
  });
  rmSync(path, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    const mask = process.umask(OWNER_ONLY);
    try {
      // It is bound before this returns.
      server.listen(path, () => {
        server.off("error", reject);
        resolve();
      });
    } finally {
      process.umask(mask);
    }
  });
  server.on("error", onError);
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** What is no order. */
class OrderError extends Error {}

async function answer(
  { asking, takesFrom }: Obeying,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const say = (status: number, body?: object) => {
    const text = body === undefined ? "" : JSON.stringify(body);
    response.writeHead(status, { "Content-Type": "application/json" }).end(text);
  };
  try {
    const { pathname, searchParams } = new URL(request.url ?? "", "http://localhost");
    if (request.method === "POST" && pathname === REQUESTS_PATH) {
      const { sensor, asked, gateway } = orderOf(await readBody(request, LONGEST_ORDER));
      say(201, await asking.ask(sensor, asked, gateway));
    } else if (request.method === "GET" && pathname === EXCHANGES_PATH) {
      say(200, { takesFrom });
    } else if (request.method === "GET") {
      const name = nameIn(pathname);
      const wait = Number(searchParams.get("wait") ?? 0);
      if (!(wait >= 0 && wait <= LONGEST_WAIT)) throw new OrderError(`wait: expected 0 to ${LONGEST_WAIT}`);
      const gone = new AbortController();
      response.once("close", () => gone.abort());
      const known = await asking.answerWithin(name, wait * 1000, gone.signal);
      say(known === undefined ? 204 : 200, known);
    } else throw new OrderError(`${request.method} ${pathname} is no order`);
  } catch (error) {
    if (error instanceof OrderError) say(400, { error: error.message });
    else if (error instanceof AskError) say(409, { error: error.message });
    else throw error;
  }
}

function orderOf(body: Uint8Array): { sensor: string; asked: SensorRequest; gateway?: string } {
  const order = inOrder(() => JSON.parse(Buffer.from(body).toString()) as unknown);
  if (typeof order !== "object" || order === null) throw new OrderError("expected an object");
  const { sensor, request, gateway } = order as Record<string, unknown>;
  if (typeof sensor !== "string" || sensor === "" || /[^\x21-\x7e]/.test(sensor)) {
    throw new OrderError("sensor: expected an identity");
  }
  if (gateway === undefined) return { sensor, asked: requestOf(request) };
  if (typeof gateway !== "string") throw new OrderError("gateway: expected text");
  inOrder(() => parseAddress(gateway));
  return { sensor, asked: requestOf(request), gateway };
}

function requestOf(value: unknown): SensorRequest {
  const { kind, seconds } = (value ?? {}) as Record<string, unknown>;
  if (kind === "reading" || kind === "interval" || kind === "exchange") return { kind };
  if (kind !== "setInterval") throw new OrderError("request: expected a kind that is known");
  const isInterval = Number.isInteger(seconds) && (seconds as number) >= 1;
  if (isInterval && (seconds as number) <= LONGEST_INTERVAL) return { kind, seconds: seconds as number };
  throw new OrderError(`seconds: expected 1 to ${LONGEST_INTERVAL}`);
}

function nameIn(pathname: string) {
  const [sensor = "", t = "", request = "", ...more] = pathname.slice(REQUESTS_PATH.length + 1).split("/");
  const isName =
    pathname.startsWith(`${REQUESTS_PATH}/`) && /^\d{1,10}$/.test(t) && /^\d{1,13}$/.test(request);
  if (!isName || sensor === "" || more.length > 0) throw new OrderError(`${pathname} is no request`);
  return { sensor: inOrder(() => decodeURIComponent(sensor)), t: Number(t), request: Number(request) };
}

function inOrder<Value>(read: () => Value): Value {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof URIError)) throw error;
    throw new OrderError(error.message, { cause: error });
  }
}
