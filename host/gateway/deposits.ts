/**
 * Requests of a Responder that wait for a sensor: POST /s/SENDERID, protected with OSCORE, into the mailbox with the R_I
 * that gave the sensor this sender ID. Anybody may send one; whether it is the Responder's only the sensor can tell, so
 * few are kept, fewer of one network, and never in the place of an R_I or of an answer.
 *
 * 2.01 stored; 2.04 it waits already; 4.04 no such mailbox; 4.13 it is too long; 5.03 too many wait.
 */

import { Codes, ContentFormats } from "../../protocol/coap/numbers.js";
import { CarriedKinds, carriedRequest } from "../../protocol/exchange/carried.js";
import { parseAddress } from "../coap/address.js";
import { busy } from "../coap/answer.js";
import { networkOf } from "../coap/network.js";
import type { RouteRequest, RouteResponse } from "../coap/resources.js";
import type { OnGatewayEvent } from "./events.js";
import { oscoreOf } from "./forwarding.js";
import type { MessageKind } from "./mailbox.js";
import type { Mailboxes } from "./mailboxes.js";

export interface DepositOptions {
  readonly mailboxes: Mailboxes;
  readonly onEvent: OnGatewayEvent;
  onItem(name: string): void;
  /** Bytes of the longest message of a mailbox. */
  readonly longest: number;
}

export const requests: MessageKind = {
  includes: ({ contentFormat, payload }) =>
    contentFormat === ContentFormats.oscore && payload[0] === CarriedKinds.request,
  most: 8,
  mostOfOne: 4,
  whenFull: "refuse",
};

/** Takes a request. What is answered with 2.01 or 2.04 is durable. */
export function deposit(
  { mailboxes, onEvent, onItem, longest }: DepositOptions,
  request: RouteRequest,
): RouteResponse {
  const { segment = "", payload: ciphertext, peer } = request;
  const option = oscoreOf(request);
  if (option === undefined || option.length > 255 || ciphertext.length === 0) {
    return { code: Codes.badRequest };
  }
  const payload = carriedRequest(option, ciphertext);
  if (payload.length > longest) return { code: Codes.requestEntityTooLarge };
  const now = Date.now();
  const from = networkOf(parseAddress(peer).host);
  const item = { payload, contentFormat: ContentFormats.oscore, from };
  const outcomes = new Set(
    mailboxes.bySenderId(segment).map((name) => {
      const sensor = mailboxes.get(name)?.sensor ?? "";
      const outcome = mailboxes.deposit(name, item, requests, now);
      if (outcome === "stored") {
        onEvent({ event: "waiting", sensor, bytes: payload.length });
        onItem(name);
      } else if (outcome === "full") {
        onEvent({ event: "dropped", sensor, what: "request to it", reason: "too much waits for it" });
      }
      return outcome;
    }),
  );
  if (outcomes.has("stored")) return { code: Codes.created };
  if (outcomes.has("known")) return { code: Codes.changed };
  return outcomes.has("full") ? busy(Codes.serviceUnavailable) : { code: Codes.notFound };
}
