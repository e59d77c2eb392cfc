import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { randomSource } from "../../../host/primitives.js";
import { allFiles, findSecrets } from "../../../host/simulation/secret-search.js";
import { openLmdbStore } from "../../../host/store/lmdb.js";

describe("the search for secrets", () => {
  const bytes = randomSource(16);
  const secrets = [
    { name: "planted", bytes },
    { name: "absent", bytes: randomSource(16) },
  ];

  it("finds one as it is, in hexadecimal and in base64, and no other", () => {
    const buffer = Buffer.from(bytes);
    const texts = [buffer.toString("hex"), buffer.toString("base64"), buffer.toString("base64url")];
    for (const form of [buffer, ...texts.map((text) => Buffer.from(`{"x":"${text}"}`))]) {
      const place = Buffer.concat([randomSource(9), form, randomSource(5)]);
      assert.deepEqual(findSecrets([randomSource(40), place], secrets), ["planted"]);
    }
    assert.deepEqual(findSecrets([randomSource(100)], secrets), []);
  });

  it("finds one in base64 wherever it begins among other bytes, however long it is", () => {
    for (let before = 0; before < 4; before++) {
      for (const length of [4, 8, 15, 16, 17, 20]) {
        const secret = [{ name: "planted", bytes: randomSource(length) }];
        for (const form of ["base64", "base64url"] as const) {
          const around = [randomSource(before), secret[0].bytes, randomSource(5)];
          const place = Buffer.from(Buffer.concat(around).toString(form));
          assert.deepEqual(findSecrets([place], secret), ["planted"], `${before} ${length}`);
        }
      }
    }
  });

  it("finds one that a store or a file below a folder has", async () => {
    const folder = mkdtempSync(join(tmpdir(), "symbolon-search-"));
    try {
      mkdirSync(join(folder, "deep"));
      writeFileSync(join(folder, "deep", "log"), "nothing");
      const store = await openLmdbStore(join(folder, "state"));
      const table = store.table<{ payload: Uint8Array }>("items");
      assert.deepEqual(findSecrets(allFiles(folder), secrets), []);
      store.transaction(() => table.put("a", { payload: Uint8Array.from(bytes) }));
      await store.close();
      assert.deepEqual(findSecrets(allFiles(folder), secrets), ["planted"]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it("refuses what may be anywhere by chance", () => {
    assert.throws(() => findSecrets([], [{ name: "short", bytes: randomSource(3) }]), RangeError);
  });
});
