import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { Progress } from "../../../host/simulation/progress.js";

function stream(isTTY: boolean) {
  const written: string[] = [];
  return { isTTY, columns: 30, written, write: (text: string) => written.push(text) };
}

describe("simulation: progress", () => {
  it("writes plain lines where there is no terminal", () => {
    const out = stream(false);
    const progress = new Progress(out);
    progress.say("2 of 3");
    const step = progress.begin("keys");
    step.update("1 made");
    const other = progress.begin("engine");
    other.fail();
    step.done("5 keys");
    step.done("twice");
    progress.close();
    assert.deepEqual(out.written, ["2 of 3\n", "engine: failed\n", "5 keys\n"]);
  });

  it("keeps one line alive on a terminal, no wider than that", async () => {
    const { TERM } = process.env;
    process.env.TERM = "xterm";
    const out = stream(true);
    const progress = new Progress(out);
    const step = progress.begin("engine");
    step.update("compiling a very long list of files, once");
    await sleep(200);
    step.done();
    progress.close();
    const { length } = out.written;
    await sleep(100);
    process.env.TERM = TERM;
    assert.equal(out.written.length, length, "nothing moves after the end");
    const text = out.written.join("").replaceAll("\x1b[K", "");
    assert.match(text, /\r⠹ engine: compiling a very lo\r/);
    assert.match(text, /\r✓ engine \(0\.2 s\)\n/);
    for (const line of text.split(/[\r\n]/)) assert.ok(line.length <= 30, line);
  });
});
