/**
 * Loaded into a party before its program: counts its public-key operations, and tells them with its memory as an
 * event of its own on SIGUSR2.
 */

import crypto from "node:crypto";
import { syncBuiltinESMExports } from "node:module";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** What a party has done and holds. */
export interface Metered {
  /** Operations with a private key, and with a public one. */
  readonly privateKey: number;
  readonly publicKey: number;
  /** Bytes in use, after a collection. */
  readonly memory: number;
}

const counts = { privateKey: 0, publicKey: 0 };

/** Counts the calls of a method. */
function count<Name extends string>(
  owner: { [name in Name]: unknown },
  name: Name,
  kind: keyof typeof counts,
) {
  const original = owner[name] as (...args: unknown[]) => unknown;
  Object.defineProperty(owner, name, {
    value(this: unknown, ...args: unknown[]) {
      counts[kind]++;
      return original.apply(this, args);
    },
  });
}

count(crypto, "sign", "privateKey");
count(crypto, "privateDecrypt", "privateKey");
count(crypto, "verify", "publicKey");
count(crypto, "publicEncrypt", "publicKey");
count(crypto.X509Certificate.prototype, "verify", "publicKey");
count(crypto.webcrypto.subtle, "verify", "publicKey");
syncBuiltinESMExports();

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

process.on("SIGUSR2", () => {
  collect();
  const { heapUsed, external } = process.memoryUsage();
  process.stdout.write(`${JSON.stringify({ event: "metered", ...counts, memory: heapUsed + external })}\n`);
});
