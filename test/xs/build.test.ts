import assert from "node:assert/strict";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildEngine, EngineUnavailableError } from "../../boards/linux/build.js";
import { findEngine } from "./engine.js";

describe("building the engine", () => {
  it("compiles our C without a warning, and once only", async function () {
    const first = await findEngine();
    if (first instanceof EngineUnavailableError) return this.skip();
    assert.equal(first.log, "");
    const steps: string[] = [];
    const again = await buildEngine({ onProgress: (line) => steps.push(line) });
    assert.deepEqual(again, { ...first, cached: true });
    assert.deepEqual(steps, []);
  });

  it("says when there is no compiler", async () => {
    await assert.rejects(buildEngine({ compiler: "no-such-compiler" }), (error) => {
      assert.ok(error instanceof EngineUnavailableError);
      assert.equal(error.missing, "compiler");
      assert.match(error.message, /no-such-compiler not found/);
      return true;
    });
  });

  it("takes no package that differs, and leaves nothing half done", async function () {
    if ((await findEngine()) instanceof EngineUnavailableError) return this.skip();
    const cache = await mkdtemp(join(tmpdir(), "symbolon-cache-"));
    const { PATH } = process.env;
    try {
      // An npm that packs something else.
      await writeFile(
        join(cache, "npm"),
        '#!/bin/sh\nfor folder; do :; done\necho other > "$folder/agoric-xsnap-0.15.0.tgz"\n',
        { mode: 0o755 },
      );
      process.env.PATH = `${cache}:${PATH}`;
      await assert.rejects(buildEngine({ cache }), { name: "EngineUnavailableError", missing: "package" });
      assert.deepEqual(
        (await readdir(cache)).filter((name) => !name.startsWith("bits-")),
        ["npm"],
      );
    } finally {
      process.env.PATH = PATH;
      await rm(cache, { recursive: true });
    }
  });
});
