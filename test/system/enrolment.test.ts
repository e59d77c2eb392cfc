/**
 * Boards that are enrolled: real firmware on XS behind a pseudo-terminal, the command line, and an exchange with what
 * came of it. What is killed in the middle is made good by doing it again; PSKs are where they must be and nowhere else.
 */

import assert from "node:assert/strict";
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { buildEngine, EngineUnavailableError } from "../../boards/linux/build.js";
import { ownHost } from "../host/own-host.js";

const HOST = ownHost();
const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url));
const main = here("../../host/cli/main.js");
const launch = here("../../boards/linux/launch.js");

/** A process, what it said, and how it ended. */
interface Run {
  readonly child: ChildProcess;
  said: string;
  readonly ended: Promise<number | null>;
}

describe("system: enrolment of a board", function () {
  this.timeout(120_000);
  let folder: string;
  let ports: number[];
  const running = new Set<Run>();

  before(async function () {
    try {
      await buildEngine();
    } catch (error) {
      // Without XS the Linux board has no pseudo-terminal.
      if (error instanceof EngineUnavailableError) this.skip();
      throw error;
    }
  });

  /** The parties, made once: RSA keys take their time. */
  let template: string;

  before(async () => {
    template = mkdtempSync(join(tmpdir(), "symbolon-parties-"));
    folder = template;
    await symbolon("authority init --dir authority");
    const certify = (name: string, role: string) =>
      symbolon(`authority certify --dir authority --role ${role} --identity ${name} --out ${name}`);
    await certify("hospital", "responder");
    for (const name of ["party-01", "party-02", "party-03", "party-04"]) await certify(name, "third-party");
    mkdirSync(join(folder, "board"));
    await symbolon("label --board board.json --out board/code");
  });

  after(() => rmSync(template, { recursive: true }));

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "symbolon-enrol-"));
    cpSync(template, folder, { recursive: true });
    ports = await freePorts(5);
  });

  afterEach(async () => {
    for (const run of running) run.child.kill("SIGKILL");
    await Promise.all([...running].map(({ ended }) => ended));
    running.clear();
    rmSync(folder, { recursive: true });
  });

  /** Some UDP ports that nobody has now. */
  async function freePorts(count: number): Promise<number[]> {
    const sockets = Array.from({ length: count }, () => createSocket("udp4"));
    for (const socket of sockets) {
      socket.bind(0, HOST);
      await once(socket, "listening");
    }
    const found = sockets.map((socket) => socket.address().port);
    await Promise.all(sockets.map((socket) => new Promise<void>((resolve) => socket.close(() => resolve()))));
    return found;
  }

  function start(...args: string[]): Run {
    const child = spawn(process.execPath, args, {
      cwd: folder,
      stdio: ["ignore", "pipe", "pipe"],
      timeout: 100_000,
    });
    const run: Run = {
      child,
      said: "",
      ended: once(child, "close").then(([code]) => {
        running.delete(run);
        return code as number | null;
      }),
    };
    for (const stream of [child.stdout, child.stderr])
      stream?.on("data", (data: Buffer) => {
        run.said += data;
      });
    running.add(run);
    return run;
  }

  /** Runs a command to its end; it must succeed. Returns what it said. */
  async function symbolon(line: string): Promise<string> {
    const run = start(main, ...line.split(" "));
    const code = await run.ended;
    assert.equal(code, 0, `symbolon ${line}: ${run.said}`);
    return run.said;
  }

  async function until(what: string, holds: () => boolean): Promise<void> {
    const end = performance.now() + 30_000;
    while (!holds()) {
      assert.ok(performance.now() < end, `waited for ${what}: ${[...running].map(({ said }) => said)}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** The board with its button pressed. */
  async function pressed(): Promise<Run> {
    rmSync(join(folder, "tty"), { force: true });
    const run = start(launch, "--dir", "board", "--enrol", "--slipmux", "pty:tty");
    await until("the board", () => run.said.includes('"waiting"'));
    return run;
  }

  const enrolLine = (parties: readonly string[] = ["party-01", "party-02", "party-03"]): string =>
    "enrol --authority authority --sensor sensor01 --threshold 2 " +
    `--responder hospital=hospital@${HOST}:${ports[4]} ` +
    parties
      .map((name) => `--third-party ${name}=${name}@${HOST}:${ports[Number(name.slice(-1)) - 1]}`)
      .join(" ");
  const toBoard = "--board board.json --serial tty";

  /** An exchange of the board over its line, through a border router, with real servers. */
  async function agrees(parties: readonly string[] = ["party-01", "party-02", "party-03"]): Promise<boolean> {
    const servers = [["responder", "hospital", ports[4]]].concat(
      parties.map((name) => ["third-party", name, ports[Number(name.slice(-1)) - 1]]),
    );
    const runs = servers.map(([command, name, port]) =>
      start(main, `${command}`, "--dir", `${name}`, "--listen", `${HOST}:${port}`),
    );
    await until("the servers", () => runs.every(({ said }) => said.includes('"listening"')));
    rmSync(join(folder, "tty"), { force: true });
    const board = start(launch, "--dir", "board", "--slipmux", "pty:tty");
    const router = start(main, "border-router", "--serial", "tty", "--listen", "127.0.0.1:0");
    const code = await board.ended;
    for (const run of [...runs, router]) run.child.kill("SIGTERM");
    await Promise.all([...runs, router].map(({ ended }) => ended));
    return code === 0 && /"event":"finished","agreed":true,"confirmed":true/.test(board.said);
  }

  /** Every file of the folder that has one of these, as it is, in hex or in base64. */
  function holders(secrets: readonly Buffer[]): string[] {
    const forms = secrets.flatMap((secret) => [
      secret,
      Buffer.from(secret.toString("hex")),
      Buffer.from(secret.toString("hex").toUpperCase()),
      Buffer.from(secret.toString("base64").replace(/=+$/, "")),
    ]);
    return readdirSync(folder, { recursive: true, encoding: "utf8" })
      .map((name) => join(folder, name))
      .filter((path) => existsSync(path) && statSync(path).isFile())
      .filter((path) => {
        const contents = readFileSync(path);
        return forms.some((form) => contents.includes(form));
      })
      .map((path) => relative(folder, path))
      .sort();
  }

  function psks(parties: readonly string[] = ["party-01", "party-02", "party-03"]): Buffer[] {
    return parties.map((name) => {
      const { psk } = JSON.parse(readFileSync(join(folder, name, "enrolments/sensor01.json"), "utf8"));
      return Buffer.from(psk, "hex");
    });
  }

  it("enrols over the terminal, agrees, changes one third party alone, and wipes", async () => {
    let board = await pressed();
    const said = await symbolon(`${enrolLine()} ${toBoard}`);
    assert.match(said, /the board has proven that it stored it/);
    assert.equal(await board.ended, 0);
    const first = psks();
    // The keys that are kept have taken a step by then, and nobody but the two ends knows them.
    assert.ok(await agrees());

    const parties = ["party-01", "party-04", "party-03"];
    board = await pressed();
    await symbolon(`${enrolLine(parties)} ${toBoard} --keep`);
    assert.equal(await board.ended, 0);
    const after = psks(parties);
    const taken = Buffer.alloc(16);
    assert.deepEqual([after[0], after[2]], [taken, taken]);
    assert.notDeepEqual(after[1], taken);
    assert.ok(await agrees(parties));
    // Only the board and its third parties know the keys by now.
    board = await pressed();
    await symbolon(`${enrolLine(parties)} ${toBoard} --keep`);
    assert.equal(await board.ended, 0);
    assert.deepEqual(holders([...first, after[1]]), []);
    assert.ok(await agrees(parties));

    board = await pressed();
    await symbolon(`wipe ${toBoard}`);
    assert.equal(await board.ended, 0);
    assert.match(board.said, /"wiped"/);
    assert.deepEqual(
      holders(after).filter((name) => name.startsWith("board")),
      [],
    );
    const wiped = start(launch, "--dir", "board", "--slipmux", "pty:tty");
    assert.equal(await wiped.ended, 2);
    assert.match(wiped.said, /^enrolment: the board was wiped$/m);
  });

  it("keeps PSKs where they must be: nowhere else does a search find them that finds a planted one", async () => {
    const log: string[] = [];
    const board = await pressed();
    // The terminal of whoever enrols, as script(1) of util-linux records it.
    const command = [process.execPath, main, ...`${enrolLine()} ${toBoard}`.split(" ")].join(" ");
    const code = await new Promise<unknown>((resolve) => {
      const child = execFile(
        "script",
        ["-q", "-e", "-c", command, join(folder, "typescript")],
        { cwd: folder, timeout: 60_000, env: { ...process.env, SHELL: "/bin/sh", SYMBOLON_DEBUG: "1" } },
        (error, stdout, stderr) => {
          log.push(stdout, stderr);
          resolve(error === null ? 0 : error.code);
        },
      );
      child.stdin?.end();
    });
    assert.equal(code, 0, log.join());
    assert.equal(await board.ended, 0);
    log.push(board.said);
    writeFileSync(join(folder, "log"), log.join(""));
    assert.match(readFileSync(join(folder, "typescript"), "utf8"), /proven/);

    const secrets = psks();
    const allowed = [
      "board/state/enrolment",
      ...["party-01", "party-02", "party-03"].map((name) => `${name}/enrolments/sensor01.json`),
    ];
    assert.deepEqual(holders(secrets), allowed);
    for (const name of [...allowed, "board.json", "board/code"])
      assert.equal(statSync(join(folder, name)).mode & 0o777, 0o600, name);
    writeFileSync(join(folder, "planted"), `key ${secrets[1].toString("hex")}\n`);
    assert.deepEqual(holders(secrets), [...allowed, "planted"].sort());
  });

  for (const [victim, kill] of [
    ["board", (board: Run, _enroller: Run) => board.child],
    ["enroller", (_board: Run, enroller: Run) => enroller.child],
  ] as const) {
    it(`is made good by doing it again when the ${victim} is killed in the middle`, async () => {
      let board = await pressed();
      await symbolon(`${enrolLine()} ${toBoard}`);
      assert.equal(await board.ended, 0);
      const old = readFileSync(join(folder, "board/state/enrolment"));

      board = await pressed();
      const again = `${enrolLine()} ${toBoard} --force --patience 3`;
      const enroller = start(main, ...again.split(" "));
      await until("a block", () => /block 2 of/.test(enroller.said));
      kill(board, enroller).kill("SIGKILL");
      await enroller.ended;
      board.child.kill("SIGTERM");
      await board.ended;
      // What the board has goes with what the third parties have, unless it was quicker and has the new one whole.
      const now = readFileSync(join(folder, "board/state/enrolment"));
      if (now.equals(old)) for (const psk of psks()) assert.ok(now.includes(psk.toString("hex")));
      assert.equal(statSync(join(folder, "board.json")).mode & 0o777, 0o600);

      board = await pressed();
      await symbolon(`${enrolLine()} ${toBoard} --force`);
      board.child.kill("SIGTERM");
      await board.ended;
      assert.notDeepEqual(readFileSync(join(folder, "board/state/enrolment")), old);
      const stored = readFileSync(join(folder, "board/state/enrolment"));
      for (const psk of psks()) assert.ok(stored.includes(psk.toString("hex")));
      assert.doesNotMatch(readFileSync(join(folder, "board.json"), "utf8"), /pending/);
    });
  }

  it("enrols over Bluetooth, emulated", async () => {
    const [port] = ports;
    const board = start(launch, "--dir", "board", "--enrol", "--gatt", `127.0.0.1:${port}`);
    const said = await symbolon(`${enrolLine()} --board board.json --gatt udp:127.0.0.1:${port}`);
    assert.match(said, /the board has proven that it stored it/);
    assert.equal(await board.ended, 0);
    assert.match(board.said, /"state":"enrolled","confirmed":true/);
  });

  it("refuses a wrong code, and leaves the third parties as they are", async () => {
    await symbolon("label --board other.json --out other-code");
    const board = await pressed();
    const wrong = start(main, ...`${enrolLine()} --board other.json --serial tty`.split(" "));
    assert.equal(await wrong.ended, 1);
    assert.match(wrong.said, /^symbolon: the code is wrong: the board has another one$/m);
    assert.equal(existsSync(join(folder, "party-01/enrolments")), false);
    assert.equal(existsSync(join(folder, "board/state/enrolment")), false);
    assert.equal(readFileSync(join(folder, "other.json"), "utf8").includes("pending"), false);
    // The board waits on.
    await symbolon(`${enrolLine()} ${toBoard}`);
    assert.equal(await board.ended, 0);
  });

  it("takes the code from a file of its owner's alone, or from standard input, and never as an argument", async () => {
    const code = readFileSync(join(folder, "board/code"), "utf8");
    const open = join(folder, "open-code");
    writeFileSync(open, code, { mode: 0o644 });
    const refused = start(
      main,
      ...`${enrolLine()} --board new.json --serial tty --code open-code`.split(" "),
    );
    assert.equal(await refused.ended, 1);
    assert.match(refused.said, /mode 0644 gives others rights on a secret/);
    const board = await pressed();
    const enroller = spawn(
      process.execPath,
      [main, ...`${enrolLine()} --board new.json --serial tty --code -`.split(" ")],
      { cwd: folder, stdio: ["pipe", "ignore", "ignore"], timeout: 60_000 },
    );
    enroller.stdin.end(code);
    const [exit] = await once(enroller, "close");
    assert.equal(exit, 0);
    assert.equal(await board.ended, 0);
  });
});
