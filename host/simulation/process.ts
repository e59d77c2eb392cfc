/**
 * A party as a child process: a Node program that writes its events as JSON lines on standard output and
 * people's words on standard error.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

/** The longest line a party may write, in bytes. */
const MAX_LINE = 64 * 1024;
/** How much of standard error is kept to explain a failure, in characters. */
const STDERR_TAIL = 2000;
/** How long a party may take to end after SIGTERM. */
const GRACE_MS = 2000;

const LEASH = new URL("leash.js", import.meta.url).href;

/** One line of a party: `event` names it, the other members depend on it. */
export interface PartyEvent {
  readonly event: string;
  readonly [member: string]: unknown;
}

/** A party that did not do what it should. The message begins with its name and ends with its last words. */
export class PartyError extends Error {
  override readonly name = "PartyError";
  readonly party: string;

  constructor(party: string, what: string, lastWords: string) {
    super(lastWords === "" ? `${party}: ${what}` : `${party}: ${what}; it said: ${lastWords}`);
    this.party = party;
  }
}

export interface PartyOptions {
  /** The party's name in messages. */
  readonly name: string;
  /** The program: a JavaScript file. */
  readonly script: string;
  readonly args: readonly string[];
  /** Hears every event, in order. */
  readonly onEvent?: (event: PartyEvent) => void;
  /** Hears that the party failed: it wrote what is no event, or ended when nobody had asked it to. */
  readonly onFailure?: (error: PartyError) => void;
}

interface Waiter {
  readonly what: string;
  readonly matches: (event: PartyEvent) => boolean;
  readonly resolve: (event: PartyEvent) => void;
  readonly reject: (error: PartyError) => void;
}

/** What is still running, for the end of this process. */
const running = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

export class PartyProcess {
  readonly name: string;
  /** Resolves when the process has ended. */
  readonly ended: Promise<void>;
  readonly #options: PartyOptions;
  readonly #child: ChildProcess;
  readonly #waiters = new Set<Waiter>();
  #stderr = "";
  #failure: PartyError | undefined;
  #stopping = false;

  /** Starts the program. What goes wrong is told to `onFailure` and to those who wait for an event. */
  constructor(options: PartyOptions) {
    this.#options = options;
    this.name = options.name;
    // Standard input is the leash: nothing is ever written there.
    this.#child = spawn(process.execPath, ["--import", LEASH, options.script, ...options.args], {
      stdio: ["pipe", "pipe", "pipe"],
    });
    const child = this.#child;
    running.add(child);
    child.stdin?.on("error", () => child.stdin?.destroy());
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-STDERR_TAIL);
    });
    const lines = new LineSplitter(
      (line) => this.#line(line),
      () => this.#fail(`wrote a line longer than ${MAX_LINE} bytes`),
    );
    child.stdout?.on("data", (chunk: Buffer) => lines.push(chunk));
    this.ended = new Promise((resolve) => {
      child.once("error", (error) => {
        this.#fail(`could not be started: ${error.message}`);
        // Without a process there is no "close" to wait for.
        if (child.pid === undefined) this.#close("could not be started", resolve);
      });
      child.once("close", (code, signal) => {
        lines.end();
        this.#close(signal === null ? `ended with code ${code}` : `ended by ${signal}`, resolve);
      });
    });
  }

  /** The process id; undefined when it could not be started. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /**
   * The next event that matches. Rejects with a PartyError when the party fails or ends before, or after
   * `timeoutMs`; `what` says in that message what was waited for.
   */
  waitFor(what: string, matches: (event: PartyEvent) => boolean, timeoutMs: number): Promise<PartyEvent> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiters.delete(waiter);
        reject(this.#error(`no ${what} within ${timeoutMs / 1000} s`));
      }, timeoutMs);
      const done =
        <T>(settle: (value: T) => void) =>
        (value: T) => {
          clearTimeout(timer);
          this.#waiters.delete(waiter);
          settle(value);
        };
      const waiter: Waiter = { what, matches, resolve: done(resolve), reject: done(reject) };
      this.#waiters.add(waiter);
    });
  }

  /** Ends the process: SIGTERM, and SIGKILL when it is still there after two seconds. Resolves when it is gone. */
  async stop(): Promise<void> {
    this.#stopping = true;
    const child = this.#child;
    if (!running.has(child)) return;
    child.kill("SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), GRACE_MS);
    await this.ended;
    clearTimeout(timer);
  }

  #line(line: string): void {
    if (this.#failure !== undefined) return;
    let event: unknown;
    try {
      event = JSON.parse(line);
    } catch (error) {
      this.#fail(`wrote a line that is not JSON (${(error as Error).message})`);
      return;
    }
    if (!isEvent(event)) {
      this.#fail(`wrote a line without an "event": ${line.slice(0, 100)}`);
      return;
    }
    this.#options.onEvent?.(event);
    for (const waiter of this.#waiters) if (waiter.matches(event)) waiter.resolve(event);
  }

  #fail(what: string): void {
    if (this.#failure !== undefined || this.#stopping) return;
    this.#failure = this.#error(what);
    for (const waiter of this.#waiters) waiter.reject(this.#failure);
    this.#options.onFailure?.(this.#failure);
    this.#child.kill("SIGKILL");
  }

  #close(how: string, resolve: () => void): void {
    running.delete(this.#child);
    const [waiter] = this.#waiters;
    if (waiter !== undefined) {
      const error = this.#error(`${how} before ${waiter.what}`);
      this.#failure ??= error;
      for (const { reject } of this.#waiters) reject(error);
    }
    if (!this.#stopping && this.#failure === undefined) {
      this.#failure = this.#error(how);
      this.#options.onFailure?.(this.#failure);
    }
    resolve();
  }

  #error(what: string): PartyError {
    return new PartyError(this.name, what, this.#stderr.trim());
  }
}

/** The file of a program of this package, by its path under dist/. */
export function programFile(path: string): string {
  return fileURLToPath(new URL(`../../${path}`, import.meta.url));
}

function isEvent(value: unknown): value is PartyEvent {
  return typeof value === "object" && value !== null && "event" in value && typeof value.event === "string";
}

/** Bytes to lines, never holding more than MAX_LINE of one. */
class LineSplitter {
  readonly #onLine: (line: string) => void;
  readonly #onOverflow: () => void;
  #parts: Buffer[] = [];
  #length = 0;

  constructor(onLine: (line: string) => void, onOverflow: () => void) {
    this.#onLine = onLine;
    this.#onOverflow = onOverflow;
  }

  push(chunk: Buffer): void {
    let rest = chunk;
    for (let end = rest.indexOf(10); end !== -1; end = rest.indexOf(10)) {
      this.#append(rest.subarray(0, end));
      this.end();
      rest = rest.subarray(end + 1);
    }
    this.#append(rest);
  }

  /** What is there is a line, if it is not blank. */
  end(): void {
    const line = Buffer.concat(this.#parts).toString("utf8");
    this.#parts = [];
    this.#length = 0;
    if (line.trim() !== "") this.#onLine(line);
  }

  #append(part: Buffer): void {
    this.#length += part.length;
    if (this.#length > MAX_LINE) {
      this.#parts = [];
      this.#onOverflow();
      return;
    }
    this.#parts.push(part);
  }
}
