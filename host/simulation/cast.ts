/** Who takes part in a simulation, and what a seed makes of them. */

import { createHash } from "node:crypto";
import { draw } from "./network.js";
import type { Settings } from "./settings.js";

export const RESPONDER = "hospital";
export const GATEWAY = "gateway";

/** The parties' names. */
export interface Cast {
  readonly sensors: readonly string[];
  readonly thirdParties: readonly string[];
  /** Border routers by their sensors; none where sensors have IP. */
  readonly routers: ReadonlyMap<string, string>;
  /** The third parties that are stopped beforehand. */
  readonly lost: readonly string[];
  /** Those of the others that lie. */
  readonly liars: readonly string[];
}

export function castOf(settings: Settings): Cast {
  const { thirdParties: n, parallel, repeat, lose, liars, seed, link, pseudonyms } = settings;
  const sensors = Array.from({ length: Math.min(parallel, repeat) }, (_, i) =>
    pseudonyms ? randomName(seed, i) : sensorName(i),
  );
  const thirdParties = Array.from({ length: n }, (_, i) => thirdPartyName(i));
  const lost = chooseLost(thirdParties, lose, seed);
  return {
    sensors,
    thirdParties,
    routers: new Map(link === "udp" ? [] : sensors.map((sensor, i) => [sensor, routerName(i)])),
    lost,
    liars: chooseLiars(thirdParties, lost, liars, seed),
  };
}

/** The names of sensor i and third party i (from 0): eight bytes each, while two digits are enough. */
export function sensorName(i: number): string {
  return `sensor${`${i + 1}`.padStart(2, "0")}`;
}
export function thirdPartyName(i: number): string {
  return `party-${`${i + 1}`.padStart(2, "0")}`;
}

/** The name of sensor i (from 0) where an observer is not to guess it: eight bytes that nobody knows without the seed. */
function randomName(seed: number, i: number): string {
  const digest = createHash("sha256")
    .update(JSON.stringify([seed, "sensor", i]))
    .digest("hex");
  return `0x${digest.slice(0, 16)}`;
}

/** The border router of sensor i (from 0), where its link needs one. */
export function routerName(i: number): string {
  return `router${`${i + 1}`.padStart(2, "0")}`;
}

/** Which third parties a seed stops, in their order. */
export function chooseLost(thirdParties: readonly string[], lose: number, seed: number): string[] {
  return choose("lose", thirdParties, lose, seed);
}

/** Which of those that are not stopped lie, in their order. */
export function chooseLiars(
  thirdParties: readonly string[],
  lost: readonly string[],
  liars: number,
  seed: number,
): string[] {
  const left = thirdParties.filter((name) => !lost.includes(name));
  return choose("lie", left, liars, seed);
}

function choose(from: string, names: readonly string[], count: number, seed: number): string[] {
  const lots = names.map((to) => ({ to, lot: draw(seed, { from, to }, 0) }));
  const chosen = new Set(
    [...lots]
      .sort((a, b) => a.lot - b.lot)
      .slice(0, count)
      .map(({ to }) => to),
  );
  return names.filter((name) => chosen.has(name));
}
