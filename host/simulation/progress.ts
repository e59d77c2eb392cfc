/**
 * What goes on, for people, one line a step: on a terminal the line of the step under way is alive, elsewhere
 * (a log, CI) each step is a plain line when it is done.
 */

const FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏";
const FRAME_MS = 80;

/** Where progress is shown: standard error, usually. */
export interface ProgressStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

export interface Step {
  /** What exactly goes on now. Shown on a terminal only. */
  update(detail: string): void;
  /** The step is done; its line may say more than its title did. */
  done(text?: string): void;
  /** The step failed. */
  fail(): void;
}

export class Progress {
  readonly #stream: ProgressStream;
  readonly #live: boolean;
  /** Steps under way, the oldest first; a terminal shows that one. */
  readonly #open = new Set<{ title: string; detail: string; began: number }>();
  #timer: NodeJS.Timeout | undefined;
  #frame = 0;

  constructor(stream: ProgressStream) {
    this.#stream = stream;
    this.#live = stream.isTTY === true && process.env.TERM !== "dumb";
  }

  /** Begins a step. */
  begin(title: string): Step {
    const step = { title, detail: "", began: performance.now() };
    this.#open.add(step);
    if (this.#live && this.#timer === undefined) {
      this.#timer = setInterval(() => this.#draw(), FRAME_MS);
      this.#timer.unref();
    }
    this.#draw();
    const end = (mark: string, text: string) => {
      if (!this.#open.delete(step)) return;
      const seconds = (performance.now() - step.began) / 1000;
      this.#line(
        `${this.#live ? `${mark} ` : ""}${text}${seconds >= 0.1 ? ` (${seconds.toFixed(1)} s)` : ""}`,
      );
    };
    return {
      update: (detail) => {
        step.detail = detail;
        this.#draw();
      },
      done: (text = title) => end("✓", text),
      fail: () => end("✗", `${title}: failed`),
    };
  }

  /** One line that is no step. */
  say(text: string): void {
    this.#line(text);
  }

  /** Ends what is alive; steps still open are left without a line. */
  close(): void {
    this.#open.clear();
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#draw();
  }

  #line(text: string): void {
    this.#stream.write(`${this.#live ? "\r\x1b[K" : ""}${text}\n`);
    this.#draw();
  }

  #draw(): void {
    if (!this.#live) return;
    const [step] = this.#open;
    if (step === undefined) {
      this.#stream.write("\r\x1b[K");
      return;
    }
    const seconds = Math.floor((performance.now() - step.began) / 1000);
    const text = `${step.title}${step.detail === "" ? "" : `: ${step.detail}`}${seconds > 0 ? ` ${seconds} s` : ""}`;
    const frame = FRAMES[this.#frame++ % FRAMES.length];
    // Some terminals say that they have no columns.
    this.#stream.write(`\r\x1b[K${frame} ${text.slice(0, (this.#stream.columns || 80) - 3)}`);
  }
}
