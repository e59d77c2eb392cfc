import { randomInt } from "node:crypto";

/**
 * An address of this machine at which nobody else listens: whoever starts a server again there, or wants a port that was
 * free a moment ago, meets no other process that the system has given the same port.
 */
export function ownHost(): string {
  return `127.${randomInt(1, 255)}.${randomInt(256)}.${randomInt(1, 255)}`;
}
