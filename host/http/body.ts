/** Bodies of HTTP messages, no longer than they may be. */

import type { IncomingMessage } from "node:http";

export class BodyTooLongError extends Error {
  override readonly name = "BodyTooLongError";
}

/** The whole body. Rejects with a BodyTooLongError as soon as it is longer than `limit`; the rest is not read. */
export function readBody(message: IncomingMessage, limit: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let length = 0;
    message.on("data", (part: Buffer) => {
      length += part.length;
      if (length <= limit) {
        parts.push(part);
        return;
      }
      message.pause();
      message.removeAllListeners("data");
      reject(new BodyTooLongError(`body: expected at most ${limit} bytes`));
    });
    message.on("end", () => resolve(Uint8Array.from(Buffer.concat(parts))));
    message.on("error", reject);
    message.on("close", () => reject(new Error("body: the connection was closed")));
  });
}
