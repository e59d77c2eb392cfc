/** What a border router tells while it runs. `device` is the line as the command line named it. */

export type RouterEvent =
  /** Where its requests come from, as servers see it. */
  | { readonly event: "listening"; readonly address: string; readonly port: number }
  /** A board can be heard now; `at` says where exactly, when the system chose. */
  | { readonly event: "attached"; readonly device: string; readonly at: string }
  | { readonly event: "detached"; readonly device: string; readonly reason: string }
  /** A Bluetooth central has a board; `device` is the board's address then. */
  | { readonly event: "connected"; readonly device: string }
  | { readonly event: "disconnected"; readonly device: string; readonly reason: string }
  /** A board's trace. */
  | { readonly event: "diagnostic"; readonly device: string; readonly text: string }
  /** A request was answered, by a server or in its place. */
  | { readonly event: "answered"; readonly device: string; readonly to: string; readonly code: string }
  /** What was dropped since the last such event, by reason. At most one a second for each device. */
  | {
      readonly event: "dropped";
      readonly device: string;
      readonly counts: Readonly<Record<string, number>>;
    }
  | { readonly event: "fault"; readonly where: string; readonly reason: string };

export type OnRouterEvent = (event: RouterEvent) => void;

const INTERVAL = 1_000;

/** Counts drops, so that a noisy line fills no log. */
export class Drops {
  readonly #tell: (counts: Record<string, number>) => void;
  #counts: Record<string, number> = {};
  #timer: NodeJS.Timeout | undefined;

  constructor(tell: (counts: Record<string, number>) => void) {
    this.#tell = tell;
  }

  /** The first one is told at once, then at most once a second how many there were. */
  count(reason: string): void {
    this.#counts[reason] = (this.#counts[reason] ?? 0) + 1;
    if (this.#timer === undefined) this.#flush();
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  #flush(): void {
    this.#timer = undefined;
    if (Object.keys(this.#counts).length === 0) return;
    this.#tell(this.#counts);
    this.#counts = {};
    this.#timer = setTimeout(() => this.#flush(), INTERVAL);
  }
}
