/** What the firmware prints: a JSON object a line. */

import type { BoardFigures } from "./emulator.js";

/** The firmware's last event. */
export interface Finished {
  readonly event: "finished";
  readonly agreed: boolean;
  readonly confirmed: boolean;
  readonly tek: string | null;
  readonly device: { readonly computrons: number; readonly [figure: string]: number };
}

/** Cuts output into events, and keeps the last one back. */
export class EventLines {
  #rest = "";
  finished: Finished | undefined;

  /** The events that end in this piece of output, but `finished`. Throws a SyntaxError for what is no JSON. */
  take(text: string): object[] {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    const events: object[] = [];
    for (const line of lines) {
      const event = JSON.parse(line) as { event: string };
      if (event.event === "finished") this.finished = event as Finished;
      else events.push(event);
    }
    return events;
  }
}

/** What the application needs beside the engine's own: slots and chunks as set aside, both stacks at their peak. */
export function ramBytes({ slotsReserved, chunksReserved, stackPeak, cStackPeak }: BoardFigures): number {
  return slotsReserved + chunksReserved + stackPeak + cStackPeak;
}
