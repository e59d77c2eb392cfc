/** The Linux board as a process: on XS, and on Node where there is no XS. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { EngineUnavailableError } from "../../boards/linux/build.js";
import { findEngine } from "./engine.js";

const node = fileURLToPath(new URL("../../boards/linux/node.js", import.meta.url));
const entry = fileURLToPath(new URL("board-entry.js", import.meta.url));

interface Result {
  code: number | null;
  stdout: string;
  stderr: string;
}

const engine = await findEngine();
const boards: [name: string, command: string, args: string[]][] = [["node", process.execPath, [node]]];
if (engine instanceof EngineUnavailableError)
  describe(`Linux board on XS: ${engine.message}`, () => it("runs"));
else boards.unshift([engine.engine, engine.path, []]);

for (const [name, command, args] of boards) {
  describe(`Linux board on ${name}`, () => {
    let folder: string;
    before(async () => {
      folder = await mkdtemp(join(tmpdir(), "symbolon-board-"));
    });
    after(() => rm(folder, { recursive: true }));

    /** Runs a module with its arguments. */
    function run(module: string, ...rest: string[]): Promise<Result> {
      return new Promise((resolve) => {
        const child = execFile(
          command,
          [...args, module, ...rest],
          { timeout: 20_000 },
          (_, stdout, stderr) => {
            resolve({ code: child.exitCode, stdout, stderr });
          },
        );
      });
    }

    async function json(...rest: string[]): Promise<unknown> {
      const { code, stdout, stderr } = await run(entry, ...rest);
      assert.equal(code, 0, stderr);
      return JSON.parse(stdout);
    }

    it("hands arguments over, whatever is in them", async () => {
      const words = ["a b", "", "ü€😀", "--slots"];
      const answer = (await json("arguments", ...words)) as { arguments: string[]; engine: string };
      assert.deepEqual(answer.arguments, words);
      assert.ok(answer.engine.startsWith(name), answer.engine);
    });

    it("keeps values from one run to the next, for its owner only", async () => {
      const state = join(folder, "state");
      assert.deepEqual(await json("storage", state), { before: 0, after: "01ff" });
      assert.deepEqual(await json("storage", state), { before: 1, after: "02ff" });
      assert.deepEqual(await readdir(state), ["counter"]);
      assert.equal((await stat(join(state, "counter"))).mode & 0o777, 0o600);
      assert.equal((await stat(state)).mode & 0o777, 0o700);
    });

    it("sends and receives datagrams, and counts them", async () => {
      const peer = createSocket("udp4", (datagram, from) => {
        peer.send(Buffer.concat([datagram, Buffer.of(0)]), from.port, from.address);
      });
      peer.bind(0, "127.0.0.1");
      await once(peer, "listening");
      const address = `127.0.0.1:${(peer.address() as AddressInfo).port}`;
      try {
        assert.deepEqual(await json("link", address, folder), {
          peer: address,
          datagram: "696e6700",
          counters: { txDatagrams: 1, txBytes: 3, rxDatagrams: 1, rxBytes: 4 },
        });
      } finally {
        peer.close();
      }
    });

    it("fires timers in order", async () => {
      assert.deepEqual(await json("timers", folder), {
        order: ["10 ms", "job", "10 ms too", "20 ms"],
        late: true,
      });
    });

    it("ends with the code it is told", async () => {
      assert.deepEqual(await run(entry, "exit"), { code: 3, stdout: "before\n", stderr: "" });
    });

    it("ends with 70 and the reason when something is not caught", async () => {
      for (const [part, reason] of [
        ["throw", /^uncaught: RangeError: thrown on purpose/],
        ["throwInTimer", /^uncaught: RangeError: thrown on purpose/],
        ["reject", /rejected on purpose/],
        ["native", /^uncaught: TypeError: native: this board has no xs_unknown/],
        ["name", /^uncaught: RangeError: storage: \.\.\/passwd is no name for a value/],
        ["folder", /^uncaught: Error: .*\/nowhere\/at\/all/],
      ] as const) {
        const { code, stderr } = await run(entry, part);
        assert.match(stderr, reason);
        assert.equal(code, 70, part);
      }
    });

    it("refuses a wrong use and an enrolment that can't be read, in one line", async () => {
      const main = fileURLToPath(new URL("../../boards/linux/main.js", import.meta.url));
      const refused = async (...rest: string[]) => {
        const { code, stdout, stderr } = await run(main, ...rest);
        assert.equal(stdout, "");
        assert.equal(code, 2, stderr);
        return stderr.replaceAll(folder, "DIR");
      };
      assert.equal(await refused(), "usage: --dir FOLDER\n");
      assert.equal(await refused("--dir", folder, "more"), "usage: --dir FOLDER\n");
      assert.equal(await refused("--dir", folder), "DIR/sensor.json: there is no such file\n");
      await writeFile(join(folder, "sensor.json"), '{"psks":["00112233445566778899aabbccddeeff" oops');
      const malformed = await refused("--dir", folder);
      assert.match(malformed, /^DIR\/sensor.json: malformed JSON( at \w+ \d+)?\n$/);
      await writeFile(join(folder, "sensor.json"), '{"format":"other"}');
      assert.match(await refused("--dir", folder), /^DIR\/sensor.json: format: .*\n$/);
    });

    if (name.startsWith("xs")) {
      it("measures what it computes, the same each time", async () => {
        const figures = (await json("figures")) as Record<string, number>;
        assert.deepEqual(await json("figures"), figures);
        assert.ok(figures.computrons > 10_000 && figures.computrons < 1_000_000, JSON.stringify(figures));
        assert.ok(figures.chunkBytes > 40_000, JSON.stringify(figures));
        assert.ok(figures.slotBytes > 50_000 && figures.slotBytes < 500_000, JSON.stringify(figures));
      });
    }
  });
}
