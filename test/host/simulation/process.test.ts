import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { PartyError, type PartyEvent, PartyProcess } from "../../../host/simulation/process.js";

const module = fileURLToPath(new URL("../../../host/simulation/process.js", import.meta.url));

/** Whether the process runs; one that ended but was not collected by its new parent yet does not. */
function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  const status = `/proc/${pid}/status`;
  return !existsSync(status) || !/^State:\s+Z/m.test(readFileSync(status, "utf8"));
}

describe("simulation: party process", function () {
  this.timeout(20_000);
  let folder: string;
  let count = 0;
  const started: PartyProcess[] = [];
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "symbolon-process-"));
  });
  afterEach(async () => {
    await Promise.all(started.splice(0).map((party) => party.stop()));
  });
  after(() => rmSync(folder, { recursive: true }));

  function script(code: string): string {
    const file = join(folder, `party-${count++}.mjs`);
    writeFileSync(file, code);
    return file;
  }

  function start(
    code: string,
    hooks: { onEvent?: (e: PartyEvent) => void; onFailure?: (e: PartyError) => void } = {},
  ) {
    const party = new PartyProcess({
      name: "party-01",
      script: script(code),
      args: ["one", "two"],
      ...hooks,
    });
    started.push(party);
    return party;
  }

  const say = `const say = (o) => process.stdout.write(JSON.stringify(o) + "\\n");`;
  const stay = "setInterval(() => {}, 1000);";

  it("hears events in order, also those split over writes and without a last line feed", async () => {
    const events: PartyEvent[] = [];
    const party = start(
      `${say} say({event: "listening", port: 5, args: process.argv.slice(2)});
       process.stdout.write('{"event":"mess');
       setTimeout(() => process.stdout.write('age","bytes":117}\\n\\n{"event":"last"}'), 50);`,
      { onEvent: (event) => events.push(event) },
    );
    const listening = await party.waitFor("listening", ({ event }) => event === "listening", 10_000);
    assert.deepEqual(listening, { event: "listening", port: 5, args: ["one", "two"] });
    await party.ended;
    assert.deepEqual(events.slice(1), [{ event: "message", bytes: 117 }, { event: "last" }]);
  });

  it("names the party and its last words when a line is no JSON", async () => {
    const failures: PartyError[] = [];
    const party = start(
      `console.error("my last words"); setTimeout(() => console.log("hello {"), 100); ${stay}`,
      {
        onFailure: (error) => failures.push(error),
      },
    );
    await assert.rejects(
      party.waitFor("listening", () => true, 10_000),
      (error) =>
        error instanceof PartyError &&
        error.party === "party-01" &&
        /^party-01: wrote a line that is not JSON .*my last words/.test(error.message),
    );
    await party.ended;
    assert.equal(failures.length, 1);
    await assert.rejects(
      party.waitFor("anything", () => true, 10_000),
      PartyError,
    );
  });

  it("refuses JSON that is no event", async () => {
    for (const line of ["[1]", "null", '{"port":1}', '{"event":7}', '"listening"']) {
      const party = start(`console.log(${JSON.stringify(line)}); ${stay}`);
      await assert.rejects(
        party.waitFor("listening", () => true, 10_000),
        /party-01: wrote a line without an "event"/,
      );
    }
  });

  it("holds no more than 64 KiB of a line", async () => {
    const party = start(`process.stdout.write("x".repeat(70_000)); ${stay}`);
    await assert.rejects(
      party.waitFor("listening", () => true, 10_000),
      /party-01: wrote a line longer than 65536 bytes/,
    );
  });

  it("says when the party ended too early", async () => {
    const party = start(`console.error("no such folder"); process.exit(3);`);
    await assert.rejects(
      party.waitFor("listening", () => true, 10_000),
      /^PartyError: party-01: ended with code 3 before listening; it said: no such folder$/,
    );
  });

  it("tells of an end that nobody asked for, not of one that was", async () => {
    const failures: string[] = [];
    const onFailure = (error: PartyError) => failures.push(error.message);
    const dying = start("process.exit(4)", { onFailure });
    await dying.ended;
    assert.deepEqual(failures, ["party-01: ended with code 4"]);
    const stopped = start(`${say} say({event: "up"}); ${stay}`, { onFailure });
    await stopped.waitFor("up", () => true, 10_000);
    await stopped.stop();
    assert.equal(failures.length, 1);
  });

  it("gives up after the time allowed", async () => {
    const party = start(stay);
    await assert.rejects(
      party.waitFor("listening", () => true, 300),
      /party-01: no listening within 0.3 s/,
    );
  });

  it("ends a party that ignores SIGTERM", async () => {
    const party = start(`process.on("SIGTERM", () => {}); ${say} say({event: "up"}); ${stay}`);
    await party.waitFor("up", () => true, 10_000);
    const pid = party.pid as number;
    const began = performance.now();
    await party.stop();
    assert.ok(!alive(pid));
    assert.ok(performance.now() - began > 1500, "SIGTERM came first");
  });

  it("says what could not be started", async () => {
    const party = new PartyProcess({ name: "ghost", script: join(folder, "none.mjs"), args: [] });
    started.push(party);
    await assert.rejects(
      party.waitFor("listening", () => true, 10_000),
      /ghost: ended with code 1 before listening; it said: .*Cannot find module/s,
    );
  });

  for (const [how, code, signal] of [
    ["returns", "setTimeout(() => process.exit(0), 10)", undefined],
    ["throws", `setTimeout(() => { throw new Error("boom") }, 10)`, undefined],
    ["gets SIGINT", "", "SIGINT"],
    ["gets SIGKILL", "", "SIGKILL"],
  ] as const) {
    it(`ends the parties when the parent ${how}`, async () => {
      const party = script(`${say} say({event: "up"}); ${stay}`);
      const parent = spawn(
        process.execPath,
        [
          script(`import { PartyProcess } from ${JSON.stringify(module)};
            const party = new PartyProcess({ name: "p", script: ${JSON.stringify(party)}, args: [] });
            await party.waitFor("up", () => true, 10_000);
            console.log(party.pid);
            ${code}`),
        ],
        { stdio: ["ignore", "pipe", "ignore"], timeout: 15_000, killSignal: "SIGKILL" },
      );
      const [line] = await once(parent.stdout, "data");
      const pid = Number(line);
      assert.ok(pid > 0);
      if (signal !== undefined) parent.kill(signal);
      if (parent.exitCode === null && parent.signalCode === null) await once(parent, "exit");
      for (let i = 0; i < 300 && alive(pid); i++) await sleep(10);
      assert.ok(!alive(pid), "the party outlived its parent");
    });
  }
});
