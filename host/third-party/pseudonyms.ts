/**
 * Parts of bundles that have a pseudonym in the place of handle and T: whose they may be, and how they are answered, so
 * that nothing on the way back to the sensor has its T or a name either.
 */

import { Codes, ContentFormats } from "../../protocol/coap/numbers.js";
import {
  compressVerification,
  readPseudonym,
  withoutPseudonym,
} from "../../protocol/exchange/bundle-parts.js";
import type { RouteResponse } from "../coap/resources.js";
import { PseudonymTable } from "../pseudonyms.js";
import type { SensorEnrolment } from "./options.js";

/** A part as it would be of this sensor without a pseudonym. */
export interface UnveiledPart {
  readonly enrolment: SensorEnrolment;
  readonly payload: Uint8Array;
}

export interface PseudonymsOptions {
  /** All sensors by name: the same map as long as none is another. */
  sensors(): ReadonlyMap<string, SensorEnrolment>;
  /** The T that comes next in the chain of an enrolment; undefined where its keys are gone. */
  next(enrolment: SensorEnrolment): number | undefined;
}

export class Pseudonyms {
  readonly #table = new PseudonymTable<string>();
  /** What the table was made of. */
  #sensors: ReadonlyMap<string, SensorEnrolment> = new Map();

  constructor(private readonly options: PseudonymsOptions) {}

  /** Whose a part may be: nobody's, or of several sensors one that has made its MAC. Throws a DecodeError. */
  unveil(payload: Uint8Array): UnveiledPart[] {
    const pseudonym = readPseudonym(payload);
    this.#keepUp();
    return this.#table.find(pseudonym).flatMap(({ owner, t }) => {
      const enrolment = this.#sensors.get(owner);
      // Handles are no part of the message.
      return enrolment === undefined ? [] : [{ enrolment, payload: withoutPseudonym(payload, 0, t) }];
    });
  }

  /** Takes note that a sensor's message with this T was accepted. */
  used(sensor: string, t: number): void {
    this.#table.used(sensor, t);
  }

  /** Sensors may have come, gone, or been enrolled anew. */
  #keepUp(): void {
    const sensors = this.options.sensors();
    if (sensors === this.#sensors) return;
    this.#sensors = sensors;
    for (const owner of [...this.#table.owners()]) {
      if (sensors.get(owner)?.pseudonyms === undefined) this.#table.forget(owner);
    }
    for (const [owner, enrolment] of sensors) {
      const { pseudonyms } = enrolment;
      const next = pseudonyms && this.options.next(enrolment);
      if (pseudonyms === undefined || next === undefined) continue;
      this.#table.follow(owner, pseudonyms.linkingKey, next);
    }
  }
}

/** The answer to a part with a pseudonym, out of that to its message: R_I or a tag alone, or a code alone. */
export function withoutNames({ code, payload }: RouteResponse): RouteResponse {
  if (code !== Codes.changed || payload === undefined) return { code };
  return { code, payload: compressVerification(payload), contentFormat: ContentFormats.octetStream };
}
