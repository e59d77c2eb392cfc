/** The ESP32's AES over PSA Crypto, run here against Debian's Mbed TLS (libmbedtls-dev). */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const root = fileURLToPath(new URL("../../../", import.meta.url));
const native = join(root, "firmware/native");

describe("AES over PSA Crypto (ESP32), on Mbed TLS", function () {
  this.timeout(60_000);

  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "symbolon-psa-"));
  });
  after(() => rm(folder, { recursive: true }));

  it("does what the portable C does, forgeries included", async function () {
    const probe = run("gcc", ["-include", "psa/crypto.h", "-E", "-x", "c", "/dev/null"], { timeout: 10_000 });
    const missing = await probe.then(
      () => undefined,
      (error: Error) => error,
    );
    if (missing !== undefined) {
      process.stdout.write("    skipped: needs gcc and Debian's libmbedtls-dev\n");
      this.skip();
    }
    const program = join(folder, "psa");
    const sources = ["aead/esp32/aead-psa.c", "aead/aes.c", "aead/ccm.c", "digest/hash.c"];
    await run(
      "gcc",
      [
        ...["-std=gnu11", "-O1", "-g", "-Wall", "-Wextra", "-Werror"],
        ...["-fsanitize=address,undefined", "-fno-sanitize-recover"],
        ...["-I", native, join(root, "test/boards/psa.c")],
        ...sources.map((source) => join(native, source)),
        ...["-lmbedcrypto", "-o", program],
      ],
      { timeout: 30_000 },
    );
    const { stdout } = await run(program, { timeout: 30_000 });
    assert.equal(stdout, "6561 cases\n");
  });
});
