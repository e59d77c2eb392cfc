import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { randomSource } from "../../../host/primitives.js";
import { MemoryError, processMemory } from "../../../host/simulation/process-memory.js";
import { findSecrets } from "../../../host/simulation/secret-search.js";

/** A process that keeps what it hears, in one of the places where a process of Node has things. */
const keepers = {
  "a buffer": "kept.push(data)",
  "a typed array": "kept.push(new Uint8Array(data))",
  "text in hexadecimal": "kept.push(data.toString('hex'))",
  "JSON with base64": "kept.push(JSON.stringify({ x: data.toString('base64') }))",
};

describe("the memory of a process", function () {
  this.timeout(60_000);
  for (const [where, keep] of Object.entries(keepers)) {
    it(`shows a secret that the process has in ${where}, and none that it has not`, async () => {
      const script = `const kept = [];
        process.stdin.on("data", (data) => { ${keep}; process.stdout.write("kept"); });`;
      const child = spawn(process.execPath, ["-e", script], { stdio: ["pipe", "pipe", "inherit"] });
      const timer = setTimeout(() => child.kill("SIGKILL"), 30_000);
      try {
        const secrets = ["planted", "absent"].map((name) => ({ name, bytes: randomSource(16) }));
        child.stdin.write(secrets[0].bytes);
        await once(child.stdout, "data");
        assert.deepEqual(findSecrets(processMemory(child.pid as number), secrets), ["planted"]);
      } finally {
        clearTimeout(timer);
        child.kill("SIGKILL");
        await once(child, "close");
      }
    });
  }

  it("is refused by name where it can't be read", () => {
    assert.throws(() => [...processMemory(2 ** 30)], MemoryError);
  });
});
