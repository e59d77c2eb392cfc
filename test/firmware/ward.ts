/** A Responder behind a gateway: what it hears of a sensor that sleeps, and what it asks of it. */

import { toHex } from "../../protocol/bytes.js";
import type { Message } from "../../protocol/coap/message.js";
import { Codes, ContentFormats, codeName, OptionNumbers } from "../../protocol/coap/numbers.js";
import { findOption } from "../../protocol/coap/options.js";
import { carriedRequest, carriedResponse } from "../../protocol/exchange/carried.js";
import { confirmedContext, confirmedSecrets } from "../../protocol/exchange/channel.js";
import {
  createSensorRequest,
  decodeSensorAnswer,
  type SensorRequest,
} from "../../protocol/exchange/sensor-requests.js";
import { encodeTrigger, type TriggerClaim, triggerTag } from "../../protocol/exchange/trigger.js";
import type { SecurityContext } from "../../protocol/oscore/context.js";
import { OscoreError } from "../../protocol/oscore/errors.js";
import type { CoapContent } from "../../protocol/oscore/message.js";
import {
  protectRequest,
  protectResponse,
  readRequestHeader,
  unprotectRequest,
} from "../../protocol/oscore/protect.js";
import { freshness, responder } from "../protocol/exchange/parties.js";
import { primitives } from "../support/primitives.js";
import { FakeGateway, policy } from "./fake-gateway.js";
import { chainedPsk, type World } from "./simulation.js";

/** A request that the sensor takes for as long as anybody. */
const FOREVER = 2 ** 40 - 1;

export class Ward {
  readonly gateway = new FakeGateway();
  /** "session/number contents" of each reading, as often as it came; sessions count from 0. */
  readonly readings: string[] = [];
  /** "number code contents" of each answer to a request. */
  readonly answers: string[] = [];
  /** Echo values, in hexadecimal: those that it gave, and those that came with answers to its requests. */
  readonly given: string[] = [];
  readonly echoed: (string | undefined)[] = [];
  /** The highest number that was heard in that session. */
  highest = -1;
  /** Its answers come too late for the wake-up. */
  late = false;
  /** It has lost all keys, and gives no sign of life. */
  lost = false;
  readonly #sessions: { readonly tek: string; readonly context: SecurityContext }[] = [];
  /** The session in which the sensor was heard last: it may never have heard that there is a newer one. */
  #heard: number | undefined;
  #sequence = 0;

  constructor() {
    this.gateway.onAgreed = (world) => this.#learn(world);
    this.gateway.onOscore = (_, message) => this.#hear(message);
  }

  get sessions(): number {
    return this.#sessions.length;
  }

  /** Puts a request into the mailbox; returns its number. */
  ask(request: SensorRequest | CoapContent, until = FOREVER): number {
    const number = this.#sequence++;
    this.gateway.put(ContentFormats.oscore, this.request(request, until, number));
    return number;
  }

  /** A request as it waits in the mailbox. */
  request(request: SensorRequest | CoapContent, until: number, number: number): Uint8Array {
    const content = "kind" in request ? createSensorRequest(request, until) : request;
    const { context } = this.#sessions[this.#heard ?? this.#sessions.length - 1];
    const { message } = protectRequest(primitives, context, number, content);
    return carriedRequest(findOption(message.options, OptionNumbers.oscore)!, message.payload);
  }

  #learn({ agreed }: World): void {
    if (agreed === undefined) return;
    const tek = toHex(agreed.keys.tek);
    if (this.#sessions.some((session) => session.tek === tek)) return;
    const secrets = confirmedSecrets(primitives, agreed.keys, freshness);
    this.#sessions.push({ tek, context: confirmedContext(primitives, "responder", secrets) });
  }

  #hear(message: Message): Partial<CoapContent> {
    const header = readRequestHeader(message);
    if (header.kidContext !== undefined || this.lost) return {};
    for (const [i, { context }] of this.#sessions.entries()) {
      try {
        const request = unprotectRequest(primitives, context, header, message);
        this.#take(i, header.sequenceNumber, request);
        const echo = { number: OptionNumbers.echo, value: Uint8Array.of(i, this.#sequence) };
        this.given.push(toHex(echo.value));
        const content = { code: Codes.changed, options: [echo], payload: new Uint8Array(0) };
        const answer = protectResponse(primitives, context, header, content, this.#sequence++);
        if (!this.late) return answer;
        const asked = findOption(message.options, OptionNumbers.oscore)!;
        const option = findOption(answer.options, OptionNumbers.oscore)!;
        this.gateway.put(ContentFormats.oscore, carriedResponse(asked, option, answer.payload));
        return {};
      } catch (error) {
        if (!(error instanceof OscoreError)) throw error;
      }
    }
    return {};
  }

  #take(session: number, number: number, { options, payload }: CoapContent): void {
    const path = String.fromCharCode(...findOption(options, OptionNumbers.uriPath)!);
    if (session !== this.#heard) this.highest = -1;
    this.#heard = session;
    this.highest = Math.max(this.highest, number);
    if (path === "r") this.readings.push(`${session}/${number} ${toHex(payload)}`);
    else {
      const echo = findOption(options, OptionNumbers.echo);
      this.echoed.push(echo && toHex(echo));
      const { number: asked, code, payload: contents } = decodeSensorAnswer(payload);
      const text = code === Codes.content && contents.length > 8 ? "senml" : String.fromCharCode(...contents);
      this.answers.push(`${asked} ${codeName(code)} ${text}`.trim());
    }
  }
}

/** A trigger out of the third parties' words. */
export function triggerOf(t: number, xs: readonly number[], claimed: Partial<TriggerClaim> = {}): Uint8Array {
  const nonce = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
  const claim: TriggerClaim = { sensor: policy.sensor, responder, t, nonce, ...claimed };
  const vouchers = xs.map((x) => ({ x, tag: triggerTag(primitives, chainedPsk(x, t), claim) }));
  return encodeTrigger(claim, vouchers, [responder]);
}
