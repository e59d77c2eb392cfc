/** Runs the board's primitives over the cases of a file, for test/xs/oracle.test.ts. */

import { readText } from "../../boards/linux/modules/files.js";
import { args, print } from "../../boards/linux/modules/process.js";
import { primitives } from "../../firmware/native/primitives.js";
import { fromHex, toHex } from "../../protocol/bytes.js";
import type { OracleCase } from "./oracle-case.js";

for (const line of readText(args()[0])!.trim().split("\n")) {
  const given = JSON.parse(line) as OracleCase;
  const [key, nonce, aad, data] = [given.key, given.nonce, given.aad, given.data].map(fromHex);
  const sealed = primitives.ccmSeal(key, nonce.subarray(0, 13), aad, data, given.tagLength);
  const opened = primitives.ccmOpen(key, nonce.subarray(0, 13), aad, sealed, given.tagLength);
  print(
    JSON.stringify({
      sha256: toHex(primitives.sha256(data)),
      hmacSha1: toHex(primitives.hmac("sha-1", aad, data)),
      hmacSha256: toHex(primitives.hmac("sha-256", aad, data)),
      prfSha1: toHex(primitives.prf("sha-1", key, data, 50)),
      prfSha256: toHex(primitives.prf("sha-256", key, data, 50)),
      ctr: toHex(primitives.aesCtr(key, nonce, data)),
      sealed: toHex(sealed),
      opened: opened && toHex(opened),
    }),
  );
}
