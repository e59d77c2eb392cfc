/** Builds and runs natives.c: needs clang with libFuzzer and the sanitizers (Debian's clang and libclang-rt-14-dev). */

import { execFile } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const root = fileURLToPath(new URL("../../../", import.meta.url));
const native = join(root, "firmware/native");
const compilers = ["clang", "clang-14"];
const sources = [
  "aead/ccm.c",
  "aead/ctr.c",
  "coap/datagram.c",
  "digest/hash.c",
  "digest/sha1.c",
  "digest/sha256.c",
  "digest/hmac.c",
  "digest/prf.c",
];

/** The AES implementations that stand in each other's place. */
export const aesSources = ["aead/aes.c", "aead/cortex-m4/aes-table.c"];

/** Builds the fuzzer into `folder`; undefined where no compiler can. */
export async function buildNatives(folder: string, aes: string): Promise<string | undefined> {
  const program = join(folder, aes.replace(/\W/g, "-"));
  const flags = ["-std=c99", "-O1", "-g", "-Wall", "-Wextra", "-Werror"];
  const sanitizers = ["-fsanitize=fuzzer,address,undefined", "-fno-sanitize-recover=all"];
  const files = [...sources, aes, "shares/field.c"].map((source) => join(native, source));
  for (const compiler of compilers) {
    const probe = run(compiler, [...sanitizers, "-shared", "-xc", "/dev/null", "-o", "/dev/null"], {
      timeout: 30_000,
    });
    if (
      !(await probe.then(
        () => true,
        () => false,
      ))
    )
      continue;
    const args = [
      ...flags,
      ...sanitizers,
      "-I",
      native,
      join(root, "test/fuzz/natives.c"),
      ...files,
      "-o",
      program,
    ];
    await run(compiler, args, { timeout: 60_000 });
    return program;
  }
  return undefined;
}

/** Runs the fuzzer; rejects with what it said when it found something. */
export async function runNatives(program: string, args: readonly string[], timeout: number): Promise<void> {
  await run(program, ["-max_len=2048", "-print_final_stats=0", "-verbosity=0", ...args], { timeout });
}
