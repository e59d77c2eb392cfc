/**
 * The questions that a third party has open to Responders: one for each accepted share that is not answered yet, each with
 * a socket and a timer. They are bounded, and who has the most gives way: a sensor that begins exchanges without end loses
 * its own, and a Responder that is away crowds out no other's.
 */

import type { RouteResponse } from "../coap/resources.js";
import { Busy } from "../refusals.js";

export interface QuestionLimits {
  /** Of one sensor: it begins one exchange at a time. */
  readonly perSensor: number;
  /** To one Responder. */
  readonly perResponder: number;
}

export const LIMITS: QuestionLimits = { perSensor: 8, perResponder: 2048 };

/** How many may wait for one answer: the gateway, the sensor itself, and one of them once more after a restart. */
const MAX_WAITING = 3;

/** Whose a question is. */
export interface Asked {
  readonly sensor: string;
  readonly t: number;
  readonly responder: string;
}

interface Question extends Asked {
  readonly ending: AbortController;
  readonly answer: Promise<RouteResponse>;
  waiting: number;
}

export class OpenQuestions {
  readonly #limits: QuestionLimits;
  readonly #onGivenUp: (asked: Asked, by: string) => void;
  readonly #byName = new Map<string, Question>();
  /** Those that were given up too, until they are over. */
  readonly #running = new Set<Promise<RouteResponse>>();
  /** The oldest first. */
  readonly #bySensor = new Map<string, Set<Question>>();
  readonly #byResponder = new Map<string, Set<Question>>();

  /** `onGivenUp` hears who gave way, and whose questions were too many: a sensor's or a Responder's. */
  constructor(limits: QuestionLimits, onGivenUp: (asked: Asked, by: string) => void) {
    this.#limits = limits;
    this.#onGivenUp = onGivenUp;
  }

  get size(): number {
    return this.#byName.size;
  }

  /** The answer that is on its way, for one more who waits; undefined when nobody is asked. Throws Busy. */
  join(sensor: string, t: number): Promise<RouteResponse> | undefined {
    const question = this.#byName.get(nameOf({ sensor, t }));
    if (question === undefined) return undefined;
    if (question.waiting >= MAX_WAITING) throw new Busy("the answer to this message is awaited already");
    question.waiting++;
    return question.answer;
  }

  /** Opens a question, which `ask` puts until its signal says that it is given up, and resolves to its answer. */
  open(asked: Asked, ask: (signal: AbortSignal) => Promise<RouteResponse>): Promise<RouteResponse> {
    const { perSensor, perResponder } = this.#limits;
    this.#makeRoom(this.#bySensor.get(asked.sensor), perSensor, asked.sensor);
    this.#makeRoom(this.#byResponder.get(asked.responder), perResponder, asked.responder);
    const ending = new AbortController();
    const answer = ask(ending.signal).finally(() => {
      this.#close(question);
      this.#running.delete(answer);
    });
    this.#running.add(answer);
    const question: Question = { ...asked, ending, answer, waiting: 1 };
    // Another enrolment may have a message with this T by now: the older one's answer is nobody's.
    this.#byName.get(nameOf(asked))?.ending.abort();
    this.#byName.set(nameOf(asked), question);
    put(this.#bySensor, asked.sensor, question);
    put(this.#byResponder, asked.responder, question);
    return answer;
  }

  /** Gives all up; they are over when this resolves. */
  async close(): Promise<void> {
    for (const questions of this.#byResponder.values()) for (const { ending } of questions) ending.abort();
    await Promise.allSettled(this.#running);
  }

  #makeRoom(questions: ReadonlySet<Question> | undefined, limit: number, by: string): void {
    for (const oldest of questions ?? []) {
      if ((questions?.size ?? 0) < limit) return;
      this.#close(oldest);
      oldest.ending.abort();
      this.#onGivenUp(oldest, by);
    }
  }

  #close(question: Question): void {
    const name = nameOf(question);
    if (this.#byName.get(name) === question) this.#byName.delete(name);
    take(this.#bySensor, question.sensor, question);
    take(this.#byResponder, question.responder, question);
  }
}

function nameOf({ sensor, t }: Pick<Asked, "sensor" | "t">): string {
  return `${sensor} ${t}`;
}

function put(sets: Map<string, Set<Question>>, name: string, question: Question): void {
  const set = sets.get(name);
  if (set === undefined) sets.set(name, new Set([question]));
  else set.add(question);
}

function take(sets: Map<string, Set<Question>>, name: string, question: Question): void {
  const set = sets.get(name);
  set?.delete(question);
  if (set?.size === 0) sets.delete(name);
}
