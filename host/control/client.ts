/** Orders to the Responder that runs in a folder: server.ts says which there are. */

import { request as httpRequest, type IncomingMessage } from "node:http";
import type { SensorRequest } from "../../protocol/exchange/sensor-requests.js";
import type { Answer, RequestName } from "../channel/requests.js";
import { readBody } from "../http/body.js";
import { controlSocket, EXCHANGES_PATH, REQUESTS_PATH } from "./socket.js";

const LONGEST_ANSWER = 64 * 1024;

/** Leaves a request for a sensor. Rejects with an Error that says what went wrong, in one line. */
export async function askSensor(
  folder: string,
  order: { readonly sensor: string; readonly request: SensorRequest; readonly gateway?: string },
): Promise<RequestName> {
  return (await exchange(folder, "POST", REQUESTS_PATH, order)) as RequestName;
}

/** The answer to it, within so many seconds; undefined when there is none. */
export async function awaitAnswer(
  folder: string,
  { sensor, t, request }: RequestName,
  seconds: number,
): Promise<Answer | undefined> {
  const path = `${REQUESTS_PATH}/${encodeURIComponent(sensor)}/${t}/${request}?wait=${seconds}`;
  return (await exchange(folder, "GET", path)) as Answer | undefined;
}

/** From when on it takes exchanges, as Unix time in milliseconds; undefined where no Responder runs that could say so. */
export async function takesExchangesFrom(folder: string): Promise<number | undefined> {
  try {
    const { takesFrom } = (await exchange(folder, "GET", EXCHANGES_PATH)) as { readonly takesFrom: number };
    return takesFrom;
  } catch (error) {
    if (error instanceof NoResponderError) return undefined;
    throw error;
  }
}

/** Nobody obeys in this folder. */
class NoResponderError extends Error {}

async function exchange(folder: string, method: string, path: string, body?: object): Promise<unknown> {
  const socketPath = controlSocket(folder);
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const request = httpRequest({ socketPath, method, path, agent: false }, resolve);
    request.on("error", reject);
    request.end(body && JSON.stringify(body));
  }).catch((error: NodeJS.ErrnoException) => {
    const absent = error.code === "ENOENT" || error.code === "ECONNREFUSED";
    if (absent) throw new NoResponderError(`${folder}: no Responder runs in this folder`, { cause: error });
    throw new Error(`${folder}: ${error.message}`, { cause: error });
  });
  const text = Buffer.from(await readBody(response, LONGEST_ANSWER)).toString();
  const answer: unknown = text === "" ? undefined : JSON.parse(text);
  const { statusCode = 0 } = response;
  if (statusCode < 300) return answer;
  const { error = `it answered ${statusCode}` } = (answer ?? {}) as { error?: string };
  throw new Error(error);
}
