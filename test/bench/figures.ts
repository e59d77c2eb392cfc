/** The figures that budgets are about, and the budgets: test/bench/budgets.json. */

import { readFileSync, writeFileSync } from "node:fs";
import { buildImage, type Image } from "../../boards/cortex-m4/build.js";
import { runImage } from "../../boards/cortex-m4/emulator.js";
import { ramBytes } from "../../boards/cortex-m4/events.js";
import { type ExchangePlan, ScriptedExchange } from "./exchange.js";

export interface Figures {
  /** Executed on the emulated Cortex-M4 from the exchange's beginning to its end. */
  readonly instructions: number;
  /** XS's own count of the same. */
  readonly computrons: number;
  /** Slots and chunks as set aside, both stacks at their peak. */
  readonly ramBytes: number;
  readonly bytecodeBytes: number;
}
export type FigureName = keyof Figures;

export interface Budgets {
  /** What each figure has to come to in the end; computrons have no goal of their own. */
  readonly goals: Omit<Figures, "computrons">;
  /** What each figure was when it was last recorded. */
  readonly recorded: Figures;
  /** By how much a figure may exceed what was recorded; computrons by nothing. */
  readonly tolerance: number;
}

/** This file runs as dist/test/bench/figures.js. */
const file = new URL("../../../test/bench/budgets.json", import.meta.url);

/** Makes these figures the recorded ones. */
export function record(figures: Figures): void {
  writeFileSync(file, `${JSON.stringify({ ...readBudgets(), recorded: figures }, null, 2)}\n`);
}

export function readBudgets(): Budgets {
  return JSON.parse(readFileSync(file, "utf8")) as Budgets;
}

/** The figures that break a budget, in words. */
export function brokenBudgets(figures: Figures, { recorded, tolerance }: Budgets): string[] {
  const broken: string[] = [];
  for (const name of Object.keys(recorded) as FigureName[]) {
    const limit = name === "computrons" ? recorded[name] : recorded[name] * (1 + tolerance);
    if (name === "computrons" ? figures[name] !== limit : figures[name] > limit) {
      broken.push(`${name}: ${figures[name]}, recorded ${recorded[name]}`);
    }
  }
  return broken;
}

/** The image that is counted, and the one that counts computrons. */
export interface Images {
  readonly board: Image;
  readonly computrons: Image;
}

/** Builds both. Throws an EngineUnavailableError where a package is missing. */
export async function buildImages(onProgress: (line: string) => void): Promise<Images> {
  const board = await buildImage({ onProgress });
  return { board, computrons: await buildImage({ purpose: "computrons", onProgress }) };
}

/** The figures of one exchange. */
export async function measureFigures(images: Images, plan: ExchangePlan) {
  const { board, device } = await measure(images.board, plan);
  const { device: metered } = await measure(images.computrons, plan);
  const figures: Figures = {
    instructions: board.instructions,
    computrons: metered.computrons,
    ramBytes: ramBytes(board),
    bytecodeBytes: images.board.bytecodeBytes,
  };
  return { figures, board, device };
}

/** One scripted exchange. Throws an Error that says why when the two ends do not agree. */
export async function measure(image: Image, plan: ExchangePlan) {
  const world = new ScriptedExchange(plan);
  const { code, figures: board } = await runImage(image, world, 120_000);
  const { finished } = world.events;
  if (code !== 0 || finished?.confirmed !== true || finished.tek !== world.tek) {
    throw new Error(`the exchange ended with code ${code}: ${JSON.stringify(finished)} ${world.complaints}`);
  }
  return { board, device: finished.device };
}
