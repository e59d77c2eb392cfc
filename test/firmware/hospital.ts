/** A Responder at its readings' address, for tests of the application: it opens what it has a key for. */

import { toHex } from "../../protocol/bytes.js";
import { decodeMessage, encodeMessage } from "../../protocol/coap/message.js";
import { Codes, Types } from "../../protocol/coap/numbers.js";
import {
  type ConfirmedSecrets,
  confirmedContext,
  confirmedSecrets,
} from "../../protocol/exchange/channel.js";
import { OscoreError } from "../../protocol/oscore/errors.js";
import { protectResponse, readRequestHeader, unprotectRequest } from "../../protocol/oscore/protect.js";
import { freshness } from "../protocol/exchange/parties.js";
import { primitives } from "../support/primitives.js";
import { RESPONDER, type World } from "./simulation.js";

export class Hospital {
  /** "T/number contents" of each reading under a confirmed context, as often as it came. */
  readonly received: string[] = [];
  /** Requests that came without a confirmed context. */
  early = 0;
  /** Answers nobody while this is set. */
  silent = false;
  /** Sessions, by the TEK in hexadecimal. */
  readonly #sessions = new Map<string, ConfirmedSecrets>();
  #sequence = 0;

  /** Keeps the session that was agreed on, if there is one. */
  learn({ agreed }: World): void {
    if (agreed === undefined) return;
    this.#sessions.set(toHex(agreed.keys.tek), confirmedSecrets(primitives, agreed.keys, freshness));
  }

  readonly hear = (world: World, datagram: Uint8Array): void => {
    const message = decodeMessage(datagram);
    if (message?.code !== Codes.POST || this.silent) return;
    this.learn(world);
    const { messageId, token } = message;
    const answer = (content: object): void => {
      const response = { type: Types.ACK, messageId, token, code: Codes.changed, options: [] };
      world.carry("peer", RESPONDER, encodeMessage({ ...response, payload: new Uint8Array(0), ...content }));
    };
    const header = readRequestHeader(message);
    if (header.kidContext !== undefined) {
      this.early++;
      answer({});
      return;
    }
    for (const [name, secrets] of this.#sessions) {
      const context = confirmedContext(primitives, "responder", secrets);
      try {
        const { payload } = unprotectRequest(primitives, context, header, message);
        this.received.push(`${name}/${header.sequenceNumber} ${toHex(payload)}`);
        const content = { code: Codes.changed, options: [], payload: new Uint8Array(0) };
        answer(protectResponse(primitives, context, header, content, this.#sequence++));
        return;
      } catch (error) {
        if (!(error instanceof OscoreError)) throw error;
      }
    }
  };
}
