/**
 * describe, it, before and beforeEach on XS: as much of mocha's BDD interface as the tests of protocol/ and
 * firmware/ use. Importing this defines the globals; `run` then runs what was described and says so in JSON.
 */

import { clearTimer, now, setTimer } from "../../boards/linux/modules/clock.js";
import { args, chunkBytes, computrons, print, slotBytes } from "../../boards/linux/modules/process.js";
import { type Line, listOnly } from "./protocol.js";

type Body = (this: Context) => unknown;

interface Suite {
  readonly title: string;
  readonly parent: Suite | undefined;
  readonly before: Body[];
  readonly beforeEach: Body[];
  ready: boolean;
}

interface Test {
  readonly title: string;
  readonly suite: Suite;
  readonly body: Body;
}

/** Milliseconds that a test may wait; what computes all the time is limited with the whole process. */
const defaultTimeout = 10_000;

/** Mocha's context, `this` in tests. */
class Context {
  limit = defaultTimeout;
  timeout(milliseconds: number): this {
    this.limit = milliseconds;
    return this;
  }
  slow(): this {
    return this;
  }
}

const tests: Test[] = [];
let suite: Suite = { title: "", parent: undefined, before: [], beforeEach: [], ready: false };

Object.assign(globalThis, {
  describe(title: string, body: Body): void {
    const parent = suite;
    suite = { title, parent, before: [], beforeEach: [], ready: false };
    body.call(new Context());
    suite = parent;
  },
  it(title: string, body: Body): void {
    tests.push({ title, suite, body });
  },
  before(body: Body): void {
    suite.before.push(body);
  },
  beforeEach(body: Body): void {
    suite.beforeEach.push(body);
  },
  setTimeout: (callback: () => void, milliseconds = 0): number => setTimer(callback, milliseconds),
  clearTimeout: (timer: number): void => clearTimer(timer),
});

/** Runs every test, one after the other. */
export async function run(): Promise<void> {
  say({
    tests: tests.map((test) => [...path(test.suite).map(({ title }) => title), test.title].join(" ").trim()),
  });
  if (args().includes(listOnly)) return;
  for (const [i, test] of tests.entries()) {
    const start = now();
    const error = await failure(test);
    const milliseconds = Math.round(now() - start);
    say(error === undefined ? { test: i, milliseconds } : { test: i, milliseconds, error });
  }
  say({ done: true, computrons: computrons(), heapPeakBytes: slotBytes() + chunkBytes() });
}

async function failure(test: Test): Promise<string | undefined> {
  const context = new Context();
  const suites = path(test.suite);
  try {
    for (const suite of suites) {
      if (suite.ready) continue;
      suite.ready = true;
      for (const body of suite.before) await body.call(context);
    }
    for (const suite of suites) {
      for (const body of suite.beforeEach) await body.call(context);
    }
    await settled(test.body.call(context), context.limit);
    return undefined;
  } catch (error) {
    return error instanceof Error ? `${error.stack}` : String(error);
  }
}

/** Waits for what a test returned; rejects when that takes longer than `limit` milliseconds. */
async function settled(result: unknown, limit: number): Promise<void> {
  if (!(result instanceof Promise)) return;
  let timer = 0;
  const late = new Promise((_, reject) => {
    timer = setTimer(() => reject(new Error(`timeout of ${limit} ms`)), limit);
  });
  try {
    await Promise.race([result, late]);
  } finally {
    clearTimer(timer);
  }
}

/** From the outermost suite to this one. */
function path(suite: Suite): Suite[] {
  return suite.parent === undefined ? [suite] : [...path(suite.parent), suite];
}

function say(line: Line): void {
  print(JSON.stringify(line));
}
