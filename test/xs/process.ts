/** The test process on XS, seen from Node. */

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Engine } from "../../boards/linux/build.js";
import { type Line, listOnly } from "./protocol.js";

/** Tests are no board: fast-check and the whole suite want some 10 MB. */
const heap = ["--slots", "400000", "--chunks", String(16 * 1024 * 1024)];

/** The titles of all tests in a bundle. */
export async function listTests(engine: Engine, bundle: string): Promise<readonly string[]> {
  let tests: readonly string[] = [];
  await runProcess(engine, [bundle, listOnly], 30_000, (line) => {
    if ("tests" in line) tests = line.tests;
  });
  return tests;
}

/** Runs a bundle; `onLine` hears what happens. Rejects when the process fails or takes longer than `timeout` ms. */
export async function runTests(
  engine: Engine,
  bundle: string,
  timeout: number,
  onLine: (line: Line) => void,
): Promise<void> {
  await runProcess(engine, [bundle], timeout, onLine);
}

function runProcess(
  engine: Engine,
  args: readonly string[],
  timeout: number,
  onLine: (line: Line) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(engine.path, [...heap, ...args], { stdio: ["ignore", "pipe", "pipe"], timeout });
    let complaints = "";
    child.stderr.on("data", (data: Buffer) => {
      complaints += data.toString();
    });
    createInterface(child.stdout).on("line", (line) => onLine(JSON.parse(line) as Line));
    child.on("error", reject);
    child.on("close", (code, signal) => {
      if (code === 0) resolve();
      else reject(new Error(`XS ended with ${signal ?? `code ${code}`}: ${complaints.trim()}`));
    });
  });
}
