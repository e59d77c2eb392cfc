/**
 * A board's currents by Energest's five states (Contiki-NG, os/sys/energest.h): CPU, LPM, DEEP_LPM, TRANSMIT, LISTEN.
 * They stand in boards/<board>/currents.json, with their sources.
 */

import { readFileSync } from "node:fs";
import type { LinkName } from "./links.js";

export const boardNames = ["nrf52", "esp32"] as const;
export type BoardName = (typeof boardNames)[number];

export const states = ["CPU", "LPM", "DEEP_LPM", "TRANSMIT", "LISTEN"] as const;
export type State = (typeof states)[number];

export interface Currents {
  readonly chip: string;
  readonly volts: number;
  readonly hertz: number;
  /** Amperes. */
  readonly amperes: Readonly<Record<State, number>>;
  /** Where each comes from. */
  readonly sources: Readonly<Record<State, string>>;
}

interface Table {
  readonly chip: string;
  readonly source: string;
  readonly volts: number;
  readonly clockMegahertz: number;
  readonly energest: Readonly<Record<"CPU" | "LPM" | "DEEP_LPM", { milliamperes: number; is: string }>> & {
    readonly radios: Readonly<
      Record<string, { TRANSMIT: number; LISTEN: number; is: string; source?: string }>
    >;
  };
}

/** Throws a RangeError when the board has no such radio. This file runs as dist/host/energy/model/currents.js. */
export function readCurrents(board: BoardName, link: LinkName): Currents {
  const file = new URL(`../../../../boards/${board}/currents.json`, import.meta.url);
  const { chip, source, volts, clockMegahertz, energest } = JSON.parse(readFileSync(file, "utf8")) as Table;
  const radio = energest.radios[link.startsWith("lora") ? "lora" : link];
  if (radio === undefined) {
    const names = Object.keys(energest.radios).join(", ");
    throw new RangeError(`link: boards/${board}/currents.json has no ${link}, but ${names}`);
  }
  const idle = (state: "CPU" | "LPM" | "DEEP_LPM") => energest[state].milliamperes / 1000;
  const said = (is: string) => `${is}: ${source}`;
  const radioSource = radio.source === undefined ? said(radio.is) : `${radio.is}: ${radio.source}`;
  return {
    ...{ chip, volts, hertz: 1e6 * clockMegahertz },
    amperes: {
      ...{ CPU: idle("CPU"), LPM: idle("LPM"), DEEP_LPM: idle("DEEP_LPM") },
      ...{ TRANSMIT: radio.TRANSMIT / 1000, LISTEN: radio.LISTEN / 1000 },
    },
    sources: {
      ...{ CPU: said(energest.CPU.is), LPM: said(energest.LPM.is), DEEP_LPM: said(energest.DEEP_LPM.is) },
      ...{ TRANSMIT: radioSource, LISTEN: radioSource },
    },
  };
}
