/** The C of firmware/native against other implementations, over random inputs: noble, and node:crypto for CCM. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createCipheriv } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { ctr } from "@noble/ciphers/aes.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha1 } from "@noble/hashes/legacy.js";
import { sha256 } from "@noble/hashes/sha2.js";
import fc from "fast-check";
import { EngineUnavailableError } from "../../boards/linux/build.js";
import { fromHex, toHex } from "../../protocol/bytes.js";
import { mikeyPrf } from "../../protocol/mikey/prf.js";
import type { Primitives } from "../../protocol/primitives.js";
import { findEngine } from "./engine.js";
import type { OracleCase } from "./oracle-case.js";

const entry = fileURLToPath(new URL("oracle-entry.js", import.meta.url));

function oracle(given: OracleCase): object {
  const [key, nonce, aad, data] = [given.key, given.nonce, given.aad, given.data].map(fromHex);
  const cipher = createCipheriv("aes-128-ccm", key, nonce.subarray(0, 13), {
    authTagLength: given.tagLength,
  });
  cipher.setAAD(aad, { plaintextLength: data.length });
  const ciphertext = cipher.update(data);
  cipher.final();
  const nobleHmac: Primitives["hmac"] = (hash, k, text) => hmac(hash === "sha-1" ? sha1 : sha256, k, text);
  return {
    sha256: toHex(sha256(data)),
    hmacSha1: toHex(hmac(sha1, aad, data)),
    hmacSha256: toHex(hmac(sha256, aad, data)),
    prfSha1: toHex(mikeyPrf(nobleHmac, "sha-1", key, data, 50)),
    prfSha256: toHex(mikeyPrf(nobleHmac, "sha-256", key, data, 50)),
    ctr: toHex(ctr(key, nonce).encrypt(data)),
    sealed: toHex(Buffer.concat([ciphertext, cipher.getAuthTag()])),
    opened: given.data,
  };
}

describe("the board's C and other implementations", () => {
  it("agree on random inputs", async function () {
    const engine = await findEngine();
    if (engine instanceof EngineUnavailableError) return this.skip();
    const hex = (minLength: number, maxLength: number) => fc.uint8Array({ minLength, maxLength }).map(toHex);
    const cases = fc.sample(
      fc.record<OracleCase>({
        key: hex(16, 16),
        nonce: hex(16, 16),
        aad: hex(0, 150),
        data: hex(0, 300),
        tagLength: fc.constantFrom(8, 16),
      }),
      300,
    );
    const folder = await mkdtemp(join(tmpdir(), "symbolon-oracle-"));
    try {
      const file = join(folder, "cases");
      await writeFile(file, cases.map((given) => JSON.stringify(given)).join("\n"));
      const { stdout } = await promisify(execFile)(engine.path, [entry, file], {
        timeout: 30_000,
        maxBuffer: 16 * 1024 * 1024,
      });
      const answers = stdout.trim().split("\n");
      assert.equal(answers.length, cases.length);
      cases.forEach((given, i) => {
        assert.deepEqual(JSON.parse(answers[i]), oracle(given), JSON.stringify(given));
      });
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
