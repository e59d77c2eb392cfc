/**
 * A third party's word for a trigger: POST /v, T 4 | the Responder's plea. It says under the PSK of the sensor's next T
 * that this Responder has asked for an exchange. Nothing of the chain changes by it.
 *
 * 2.04 with the tag; 4.00 malformed; 4.03 not vouched for, whatever the reason; 4.29 the sensor has had its triggers of
 * today. What costs public-key operations comes last.
 */

import { wipe } from "../../protocol/bytes.js";
import { Codes, ContentFormats } from "../../protocol/coap/numbers.js";
import { triggerTag } from "../../protocol/exchange/trigger.js";
import { identityToText, sameIdentity } from "../../protocol/mikey/identity.js";
import { Refusal } from "../../protocol/mikey/refusal.js";
import { CertificateError } from "../authority/certificate.js";
import type { RouteResponse } from "../coap/resources.js";
import type { OnEvent } from "../events.js";
import { primitives } from "../primitives.js";
import type { Store } from "../store/store.js";
import { type Plea, pleaHolds, readPlea, readVouchQuestion, timeComplaint } from "../trigger/plea.js";
import { enrolledAs } from "./enrolled.js";
import type { SensorEnrolment } from "./options.js";
import type { Enrolled, Records } from "./records.js";
import type { SignerOf } from "./signer.js";
import { TRIGGERS_A_DAY, VouchedTriggers } from "./vouched.js";

export interface VouchingOptions {
  readonly store: Store;
  readonly records: Records;
  sensor(name: string): SensorEnrolment | undefined;
  readonly signer: SignerOf;
  readonly onEvent: OnEvent;
}

/** Why there is no tag. */
class NotVouched extends Error {
  constructor(
    readonly code: number,
    message: string,
  ) {
    super(message);
  }
}

export class Vouching {
  readonly #options: VouchingOptions;
  readonly #vouched: VouchedTriggers;

  constructor(options: VouchingOptions) {
    this.#options = options;
    this.#vouched = new VouchedTriggers(options.store);
  }

  /** Answers the question of `peer`. What is answered with a tag was counted durably. */
  async vouch(peer: string, payload: Uint8Array): Promise<RouteResponse> {
    try {
      const tag = await this.#vouch(payload);
      return { code: Codes.changed, payload: tag, contentFormat: ContentFormats.octetStream };
    } catch (error) {
      const code = codeOf(error);
      if (code === undefined) throw error;
      const { message: reason } = error as Error;
      this.#options.onEvent({ event: "refused", message: "trigger", from: peer, error: null, reason });
      return { code };
    }
  }

  async #vouch(payload: Uint8Array): Promise<Uint8Array> {
    const { t, jws } = readVouchQuestion(payload);
    const plea = readPlea(jws);
    const enrolled = this.#checkCheaply(plea, t);
    const key = this.#options.signer(plea.responder, plea.chain);
    if (!(await pleaHolds(jws, key))) throw new NotVouched(Codes.forbidden, "its signature does not hold");
    // Others were served meanwhile: the sensor may have gone on.
    const psk = this.#pskOf(enrolled, t);
    try {
      const isNew = this.#count(enrolled.sensor, plea, t);
      const tag = triggerTag(primitives, psk, { ...plea, t });
      const responder = identityToText(plea.responder);
      if (isNew) this.#options.onEvent({ event: "vouched", sensor: enrolled.sensor, t, responder });
      return tag;
    } finally {
      wipe(psk);
    }
  }

  /** What needs no public key: strangers must not have us work for them. */
  #checkCheaply(plea: Plea, t: number): Enrolled {
    const name = identityToText(plea.sensor);
    const enrolment = this.#options.sensor(name);
    if (enrolment === undefined) throw new NotVouched(Codes.forbidden, `sensor ${name} is not enrolled here`);
    const isItsResponder = enrolment.gateway?.responders.some((one) => sameIdentity(one, plea.responder));
    if (!isItsResponder) {
      const reason = `${identityToText(plea.responder)} is no Responder of ${name} behind a gateway`;
      throw new NotVouched(Codes.forbidden, reason);
    }
    const enrolled = enrolledAs(enrolment);
    wipe(this.#pskOf(enrolled, t));
    const now = Date.now();
    const complaint = timeComplaint(plea, now);
    if (complaint !== undefined) throw new NotVouched(Codes.forbidden, complaint);
    refuseSurplus(this.#vouched.judge(name, plea.nonce, t, now), name);
    return enrolled;
  }

  #pskOf(enrolled: Enrolled, t: number): Uint8Array {
    const psk = this.#options.records.pskAhead(enrolled, t);
    if (typeof psk !== "string") return psk;
    throw new NotVouched(Codes.forbidden, `T ${t} is ${psk}`);
  }

  /** Whether it had not been counted before. */
  #count(sensor: string, { nonce }: Plea, t: number): boolean {
    const judgement = this.#vouched.count(sensor, nonce, t, Date.now());
    refuseSurplus(judgement, sensor);
    return judgement === "new";
  }
}

function refuseSurplus(judgement: ReturnType<VouchedTriggers["judge"]>, sensor: string): void {
  if (judgement === "too many") {
    const reason = `${sensor} has had ${TRIGGERS_A_DAY} triggers within a day`;
    throw new NotVouched(Codes.tooManyRequests, reason);
  }
  if (judgement === "other T") throw new NotVouched(Codes.forbidden, "its nonce has served for another T");
}

/** Of the response; undefined for a fault of our own. */
function codeOf(error: unknown): number | undefined {
  if (error instanceof NotVouched) return error.code;
  if (error instanceof SyntaxError) return Codes.badRequest;
  return error instanceof CertificateError || error instanceof Refusal ? Codes.forbidden : undefined;
}
