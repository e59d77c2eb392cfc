/**
 * `npm run fuzz -- [--minutes N] [--target NAME] [--seed S]`: tries inputs on every target of targets.ts for N minutes
 * in all (1 where none is given) and keeps those that reach new code; then the board's C (natives.ts) and whole exchanges
 * over a network in chaos (exchanges.ts). A finding is printed in hexadecimal, with the seed, and the exit code is 1.
 *
 * (Jazzer.js does this too; what its package brings for Linux needs a younger C library than Debian 12 has.)
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { world } from "../host/third-party/world.js";
import { corpusFile, corpusOf } from "./corpus.js";
import { Reached } from "./coverage.js";
import { exchangesInChaos } from "./exchanges.js";
import { type Finding, failure } from "./failure.js";
import { mutate, randomOf } from "./mutate.js";
import { aesSources, buildNatives, runNatives } from "./natives.js";
import type { Target } from "./targets/target.js";
import { targetsOf } from "./targets.js";

/** The names under which --target knows the board's C, and whole exchanges. */
const NATIVES = "natives";
const EXCHANGES = "exchanges";
/** Exchanges at once. */
const AT_ONCE = 6;

const { values } = parseArgs({
  options: { minutes: { type: "string" }, target: { type: "string" }, seed: { type: "string" } },
});
const minutes = Number(values.minutes ?? "1");
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
if (!(minutes > 0) || !Number.isSafeInteger(seed)) {
  console.error("expected --minutes N above 0, and --seed S a whole number");
  process.exit(2);
}

const w = await world();
const all = await targetsOf(w, w.authority.publicKey);
const targets = all.filter(({ name }) => values.target === undefined || name === values.target);
const natives = values.target === undefined || values.target === NATIVES ? aesSources : [];
const exchanges = values.target === undefined || values.target === EXCHANGES ? [EXCHANGES] : [];
const number = targets.length + natives.length + exchanges.length;
if (number === 0) {
  const names = [...all.map(({ name }) => name), NATIVES, EXCHANGES];
  console.error(`--target: expected one of ${names.join(", ")}`);
  process.exit(2);
}

const share = (minutes * 60_000) / number;
console.log(`seed ${seed}, ${minutes} minutes, ${number} targets`);
const reached = new Reached();
let findings = 0;
for (const target of targets) {
  if (!(await fuzz(target, share))) findings++;
}
for (const aes of natives) {
  if (!(await fuzzNatives(aes, share))) findings++;
}
if (exchanges.length > 0 && !(await fuzzExchanges(share))) findings++;
process.exitCode = findings === 0 ? 0 : 1;

/** Fuzzes one target; whether it went without a finding. */
async function fuzz(target: Target, milliseconds: number): Promise<boolean> {
  const random = randomOf(seed);
  const pool = [...target.seeds, ...corpusOf(target.name)];
  let tried = 0;
  const tell = ({ text }: Finding) => {
    console.error(`${text}\nkeep it as a line of ${corpusFile(target.name)}`);
  };
  for (const input of pool) {
    const finding = await failure(target, input);
    if (finding !== undefined) {
      tell(finding);
      return false;
    }
  }
  reached.isNew();
  const before = reached.count;
  const kept = pool.length;
  const end = performance.now() + milliseconds;
  while (performance.now() < end) {
    const input = mutate(pool[random(pool.length)], pool[random(pool.length)], target.longest, random);
    const finding = await failure(target, input);
    tried++;
    if (finding !== undefined) {
      tell(finding);
      return false;
    }
    if (reached.isNew()) pool.push(input);
  }
  const found = `${pool.length - kept} inputs reached ${reached.count - before} new branches`;
  console.log(`${target.name}: ${tried} tried, ${found}`);
  return true;
}

/** Fuzzes the board's C with one AES; whether it went without a finding. */
async function fuzzNatives(aes: string, milliseconds: number): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), "symbolon-fuzz-"));
  try {
    const program = await buildNatives(folder, aes);
    if (program === undefined) {
      console.log(`natives: skipped, needs clang with libFuzzer (Debian's clang and libclang-rt-14-dev)`);
      return true;
    }
    const seconds = Math.max(1, Math.round(milliseconds / 1000));
    // libFuzzer's own seed 0 means a random one.
    const args = [`-max_total_time=${seconds}`, `-seed=${seed || 1}`, `-artifact_prefix=${folder}/`];
    await runNatives(program, args, 1000 * seconds + 60_000);
    console.log(`natives, ${aes}: ${seconds} s`);
    return true;
  } catch (error) {
    console.error(`natives, ${aes}: ${(error as { stderr?: string }).stderr ?? error}`);
    return false;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Runs exchanges in chaos, again and again; whether none of them went wrong. */
async function fuzzExchanges(milliseconds: number): Promise<boolean> {
  const random = randomOf(seed);
  const end = performance.now() + milliseconds;
  let [rounds, agreed, disturbed] = [0, 0, 0];
  do {
    try {
      const outcome = await exchangesInChaos(w, random, AT_ONCE);
      agreed += outcome.agreed;
      disturbed += outcome.disturbed;
      rounds++;
    } catch (error) {
      console.error(`${EXCHANGES}, round ${rounds + 1}: ${(error as Error).stack}`);
      return false;
    }
  } while (performance.now() < end);
  const kept = `${agreed} of ${rounds * AT_ONCE} agreed`;
  console.log(`${EXCHANGES}: ${rounds} rounds, ${disturbed} datagrams disturbed, ${kept}`);
  return true;
}
