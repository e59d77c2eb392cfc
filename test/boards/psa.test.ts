/** The ESP32's AES over PSA Crypto, on Debian's Mbed TLS (libmbedtls-dev), against each AES in portable C. */

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

  before(async function () {
    const probe = run("gcc", ["-include", "psa/crypto.h", "-E", "-x", "c", "/dev/null"], { timeout: 10_000 });
    const missing = await probe.then(
      () => undefined,
      (error: Error) => error,
    );
    if (missing !== undefined) {
      process.stdout.write("    skipped: needs gcc and Debian's libmbedtls-dev\n");
      this.skip();
    }
  });

  for (const aes of ["aead/aes.c", "aead/cortex-m4/aes-table.c"]) {
    it(`does what ${aes} does, forgeries included`, async () => {
      const program = join(folder, "psa");
      const sources = ["aead/esp32/aead-psa.c", aes, "aead/ccm.c", "aead/ctr.c", "digest/hash.c"];
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
  }
});
