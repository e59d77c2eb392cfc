/**
 * Real images whose generator fails, or whose SHA-256 is wrong by one bit of a constant: they refuse to begin an
 * exchange, say why, and send nothing. On XS as a Linux process, and on the emulated Cortex-M4.
 */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { buildImage, type Image } from "../../boards/cortex-m4/build.js";
import { runImage } from "../../boards/cortex-m4/emulator.js";
import { buildEngine, type Engine, EngineUnavailableError } from "../../boards/linux/build.js";
import { ScriptedExchange, standardPlan } from "../bench/exchange.js";

const run = promisify(execFile);
const sensor = fileURLToPath(new URL("../../boards/linux/main.js", import.meta.url));

/** The first constant of SHA-256 (FIPS 180-4 §4.2.2), as it lies in both images. */
const CONSTANT = Buffer.of(0x98, 0x2f, 0x8a, 0x42);

/** A copy of a program in which that constant is wrong by one bit. */
function damage(program: string, copy: string): void {
  const bytes = readFileSync(program);
  let found = 0;
  for (let at = bytes.indexOf(CONSTANT); at >= 0; at = bytes.indexOf(CONSTANT, at + 1)) {
    bytes[at] ^= 1;
    found++;
  }
  assert.ok(found > 0, "the constants of SHA-256 are in the program");
  writeFileSync(copy, bytes);
  chmodSync(copy, 0o700);
}

/** The sensor's last event. It has not agreed, and sent nothing. */
function reasonIn(event: { event: string; agreed: boolean; reason?: string; device?: object }): string {
  assert.equal(event.event, "finished");
  assert.equal(event.agreed, false);
  assert.equal(Reflect.get(event.device ?? {}, "txDatagrams"), 0);
  return `${event.reason}`;
}

async function available<T>(build: Promise<T>): Promise<T | string> {
  try {
    return await build;
  } catch (error) {
    if (error instanceof EngineUnavailableError) return error.message;
    throw error;
  }
}

const engine = await available<Engine>(buildEngine());
const image = await available<Image>(buildImage());

describe(`a board that can't make keys${typeof engine === "string" ? `: ${engine}` : ""}`, function () {
  this.timeout(60_000);
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "symbolon-refusal-"));
    mkdirSync(join(folder, "sensor"));
    const enrolment = new ScriptedExchange(standardPlan).read("/sensor/sensor.json") as Uint8Array;
    writeFileSync(join(folder, "sensor", "sensor.json"), enrolment, { mode: 0o600 });
  });
  after(() => rmSync(folder, { recursive: true }));

  /** Why the Linux process refuses. */
  async function refusal(program: string, env: Record<string, string> = {}): Promise<string> {
    const args = [sensor, "--dir", join(folder, "sensor")];
    const ended = run(program, args, { timeout: 30_000, env: { ...process.env, ...env } });
    const { code, stdout } = await ended.then(
      () => assert.fail("it began an exchange"),
      (error: { code: number; stdout: string }) => error,
    );
    assert.equal(code, 1);
    const lines = stdout.trim().split("\n");
    assert.equal(lines.length, 1, stdout);
    return reasonIn(JSON.parse(lines[0]));
  }

  if (typeof engine === "string") it("refuses as a Linux process");
  else {
    it("refuses as a Linux process whose getrandom fails", async () => {
      const source = join(folder, "getrandom.c");
      const library = join(folder, "getrandom.so");
      writeFileSync(
        source,
        "#include <errno.h>\n#include <sys/types.h>\n" +
          "ssize_t getrandom(void *out, size_t length, unsigned flags)\n" +
          "{\n\t(void)out, (void)length, (void)flags;\n\terrno = EIO;\n\treturn -1;\n}\n",
      );
      const width = engine.slotSize === 16 ? "-m32" : "-m64";
      await run("gcc", [width, "-shared", "-fPIC", source, "-o", library], { timeout: 30_000 });
      assert.match(
        await refusal(engine.path, { LD_PRELOAD: library }),
        /^self-test: the random generator failed$/,
      );
    });

    it("refuses as a Linux process whose SHA-256 is wrong", async () => {
      const broken = join(folder, "symbolon-xs");
      damage(engine.path, broken);
      assert.match(await refusal(broken), /^self-test: SHA-256 failed$/);
    });
  }

  /** Why the emulated board refuses. */
  async function boardRefusal(path: string, random?: () => Uint8Array): Promise<string> {
    const world = new ScriptedExchange(standardPlan);
    const sent: string[] = [];
    Object.assign(world, {
      send: (address: string) => sent.push(address),
      ...(random !== undefined && { random }),
    });
    const { code } = await runImage({ ...(image as Image), path }, world, 30_000);
    assert.equal(code, 1, world.complaints);
    assert.deepEqual(sent, []);
    assert.ok(world.events.finished, world.complaints);
    return reasonIn(world.events.finished);
  }

  if (typeof image === "string") it(`refuses on the Cortex-M4 (${image})`);
  else {
    it("refuses on the Cortex-M4 where its generator fails", async () => {
      const reason = await boardRefusal(image.path, () => new Uint8Array(0));
      assert.match(reason, /^self-test: the random generator failed$/);
    });

    it("refuses on the Cortex-M4 where its SHA-256 is wrong", async () => {
      const broken = join(folder, "symbolon.elf");
      damage(image.path, broken);
      assert.match(await boardRefusal(broken), /^self-test: SHA-256 failed$/);
    });
  }
});
