/** `symbolon energy model`: what an exchange should cost, for whoever has no meter. */

import { readFileSync, writeFileSync } from "node:fs";
import { type Command, InvalidArgumentError, Option } from "commander";
import { batteryLife, type Cell, cells, parseCell } from "../energy/battery.js";
import { compare } from "../energy/model/compare.js";
import { type BoardName, boardNames } from "../energy/model/currents.js";
import { type LinkName, linkModel, linkNames } from "../energy/model/links.js";
import type { Form } from "../energy/model/messages.js";
import { type ModelOptions, modelOf, sensitivityOf } from "../energy/model/model.js";
import { comparisonSvg } from "../energy/model/picture.js";
import { comparisonText, modelText } from "../energy/model/text.js";
import { wholeNumber } from "./arguments.js";
import { quantity, valid } from "./energy-options.js";

interface Given {
  board: BoardName;
  link: LinkName;
  form: Form;
  threshold: number;
  thirdParties: number;
  instructions?: number;
  bench?: string;
  cpi?: number;
  window?: number;
  loss?: number;
  payload?: number;
  battery: Cell;
  exchangeEvery: number;
  readingEvery: number;
  compare?: true;
  svg?: string;
  json?: true;
}

const DAY = 86_400;
const TEN_MINUTES = 600;

export function addModelCommand(energy: Command): void {
  energy
    .command("model")
    .description("reckon energy and battery life from instructions, bytes, air time and the board's currents")
    .addOption(new Option("--board <name>", "whose currents").choices(boardNames).default("nrf52"))
    .addOption(new Option("--link <name>", "how messages travel").choices(linkNames).default("ble"))
    .addOption(
      new Option("--form <form>", "an I_TP to each third party, or one bundle to a gateway")
        .choices(["messages", "bundle"])
        .default("messages"),
    )
    .addOption(new Option("--threshold <k>", "k").argParser(wholeNumber(2, 255)).default(2))
    .addOption(new Option("--third-parties <n>", "n").argParser(wholeNumber(2, 255)).default(3))
    .addOption(
      new Option("--instructions <n>", "of an exchange (default: what npm run bench recorded)").argParser(
        wholeNumber(1, 1e12),
      ),
    )
    .addOption(
      new Option("--bench <file>", "take them from npm run bench -- --json").conflicts("instructions"),
    )
    .addOption(new Option("--cpi <n>", "cycles an instruction (default: 1.5)").argParser(between(0.5, 20)))
    .addOption(new Option("--window <time>", "of listening for the answer: 10ms").argParser(quantity("s")))
    .addOption(new Option("--loss <part>", "of all frames, sent again: 0.05").argParser(between(0, 0.9)))
    .addOption(new Option("--payload <bytes>", "of a reading (default: 16)").argParser(wholeNumber(1, 1024)))
    .addOption(
      new Option("--battery <cell>", "cr2032, or 225mAh")
        .argParser((text) => valid(() => parseCell(text)))
        .default(cells.cr2032, "cr2032"),
    )
    .addOption(
      new Option("--exchange-every <time>", "for the battery").argParser(quantity("s")).default(DAY, "1d"),
    )
    .addOption(
      new Option("--reading-every <time>", "for the battery")
        .argParser(quantity("s"))
        .default(TEN_MINUTES, "10min"),
    )
    .option("--compare", "beside EDHOC, DTLS and plain MIKEY, with sources")
    .option("--svg <file>", "write the comparison as a picture")
    .option("--json", "print one JSON object")
    .action(model);
}

function model(given: Given): void {
  const { battery, exchangeEvery, readingEvery, bench, json, svg, ...rest } = given;
  const { compare: wanted, ...options } = rest;
  if (options.threshold > options.thirdParties)
    throw new Error("--threshold: more than there are third parties");
  const counted: ModelOptions =
    bench === undefined ? options : { ...options, instructions: instructionsOf(bench) };
  const result = modelOf(counted);
  const { currents, exchange, reading } = result;
  const life = batteryLife(battery, currents.amperes.LPM, [
    { name: "exchange", coulombs: exchange.coulombs, every: exchangeEvery },
    { name: "reading", coulombs: reading.coulombs, every: readingEvery },
  ]);
  const rivals = wanted || svg !== undefined ? compare(result) : [];
  if (svg !== undefined) {
    const title = `Energy of key establishment, ${currents.chip}, ${linkModel(options.link).title}`;
    writeFileSync(svg, comparisonSvg(rivals, title));
  }
  if (json) {
    const sensitivity = sensitivityOf(result);
    process.stdout.write(
      `${JSON.stringify({ ...result, sensitivity, life, comparison: rivals }, null, 2)}\n`,
    );
    return;
  }
  process.stdout.write(modelText(result, life));
  if (wanted) process.stdout.write(`\n${comparisonText(rivals)}`);
}

/** Of the bench's JSON. */
function instructionsOf(file: string): number {
  const { figures } = JSON.parse(readFileSync(file, "utf8")) as { figures?: { instructions?: unknown } };
  const instructions = figures?.instructions;
  if (typeof instructions !== "number") {
    throw new SyntaxError(`${file}: expected figures.instructions, as npm run bench -- --json prints it`);
  }
  return instructions;
}

function between(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === "" || !(value >= least && value <= most)) {
      throw new InvalidArgumentError(`Expected a number from ${least} to ${most}.`);
    }
    return value;
  };
}
