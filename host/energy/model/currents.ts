/**
 * A board's currents by Energest's five states (Contiki-NG, os/sys/energest.h): CPU, LPM, DEEP_LPM, TRANSMIT, LISTEN.
 * They stand in boards/<board>/currents.json, each with its source and whether that was read.
 */

import { readFileSync } from "node:fs";
import type { LinkName } from "./links.js";

export const boardNames = ["nrf52", "esp32"] as const;
export type BoardName = (typeof boardNames)[number];

export const states = ["CPU", "LPM", "DEEP_LPM", "TRANSMIT", "LISTEN"] as const;
export type State = (typeof states)[number];

/**
 * How far a number was followed: read in its source itself; read where somebody else repeats the source; a claim whose
 * source could not be found; nobody's but this model's.
 */
export const statuses = ["confirmed", "quoted", "unverified", "assumed"] as const;
export type Status = (typeof statuses)[number];

export interface Currents {
  readonly chip: string;
  readonly volts: number;
  readonly hertz: number;
  /** Amperes. */
  readonly amperes: Readonly<Record<State, number>>;
  /** Where each comes from, its status in front. */
  readonly sources: Readonly<Record<State, string>>;
}

/** One current of a board's table. Of a range the middle is taken. */
export interface TableCurrent {
  readonly milliamperes: number | { readonly least: number; readonly most: number };
  readonly is: string;
  /** A key of the table's sources. */
  readonly source: string;
  readonly status: Status;
}

export interface CurrentTable {
  readonly chip: string;
  readonly volts: number;
  readonly clockMegahertz: number;
  readonly sources: Readonly<Record<string, string>>;
  readonly currents: Readonly<Record<string, TableCurrent>>;
  /** Names of currents. */
  readonly energest: Readonly<Record<"CPU" | "LPM" | "DEEP_LPM", string>> & {
    readonly radios: Readonly<Record<string, Readonly<Record<"TRANSMIT" | "LISTEN", string>>>>;
  };
}

/** The table as it stands. This file runs as dist/host/energy/model/currents.js. */
export function readCurrentTable(board: BoardName): CurrentTable {
  const file = new URL(`../../../../boards/${board}/currents.json`, import.meta.url);
  return JSON.parse(readFileSync(file, "utf8")) as CurrentTable;
}

/** Throws a RangeError when the board has no such radio. */
export function readCurrents(board: BoardName, link: LinkName): Currents {
  const { chip, volts, clockMegahertz, sources, currents, energest } = readCurrentTable(board);
  const { radios, ...idle } = energest;
  const radio = radios[link.startsWith("lora") ? "lora" : link];
  if (radio === undefined) {
    const names = Object.keys(radios).join(", ");
    throw new RangeError(`link: boards/${board}/currents.json has no ${link}, but ${names}`);
  }
  const names: Readonly<Record<State, string>> = { ...idle, ...radio };
  const each = <T>(of: (current: TableCurrent) => T) =>
    Object.fromEntries(states.map((state) => [state, of(currents[names[state]])])) as Record<State, T>;
  return {
    ...{ chip, volts, hertz: 1e6 * clockMegahertz },
    amperes: each(({ milliamperes }) => middle(milliamperes) / 1000),
    sources: each(({ is, source, status, milliamperes }) => {
      const range =
        typeof milliamperes === "number"
          ? ""
          : `; the middle of ${milliamperes.least} to ${milliamperes.most} mA`;
      return `[${status}] ${is}${range}: ${sources[source]}`;
    }),
  };
}

function middle(milliamperes: TableCurrent["milliamperes"]): number {
  return typeof milliamperes === "number" ? milliamperes : (milliamperes.least + milliamperes.most) / 2;
}
