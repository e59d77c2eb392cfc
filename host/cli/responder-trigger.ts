/** `symbolon responder trigger`: asks a sensor for an exchange, with nothing of the Responder but key and certificate. */

import type { Command } from "commander";
import { ascii } from "../../protocol/bytes.js";
import { Codes, ContentFormats, codeName } from "../../protocol/coap/numbers.js";
import { TRIGGER_NONCE_LENGTH, TRIGGER_PATH } from "../../protocol/exchange/trigger.js";
import { type Identity, identityToText } from "../../protocol/mikey/identity.js";
import { CoapError, coapRequest } from "../coap/client.js";
import { takesExchangesFrom } from "../control/client.js";
import { readOwnFolder } from "../own-folder.js";
import { randomSource } from "../primitives.js";
import { signPlea } from "../trigger/plea.js";
import { identity } from "./arguments.js";
import { ownOptions } from "./responder-options.js";

export function addTriggerCommand(responder: Command): void {
  const command: Command = responder
    .command("trigger")
    .description("ask a sensor that sleeps for an exchange; k of its third parties must vouch for it")
    .argument("<sensor>", "who it is", identity);
  ownOptions(command, ["dir", "gateway"]);
  command.action((sensor: Identity) => {
    const { dir, gateway } = command.optsWithGlobals<TriggerCommandOptions>();
    if (gateway === undefined) command.error("error: required option '--gateway <host:port>' not specified");
    return trigger(sensor, dir, gateway);
  });
}

interface TriggerCommandOptions {
  readonly dir: string;
  readonly gateway?: string;
}

async function trigger(sensor: Identity, dir: string, gateway: string): Promise<void> {
  await refuseTooEarly(dir);
  const { certified, chain, privateKey } = readOwnFolder(dir, "responder");
  const pleader = { identity: certified.identity, chain, privateKey };
  const plea = await signPlea(pleader, sensor, randomSource(TRIGGER_NONCE_LENGTH), Date.now());
  const { code, payload } = await coapRequest({
    ...{ address: gateway, path: TRIGGER_PATH, payload: ascii(plea) },
    contentFormat: ContentFormats.octetStream,
  }).catch((error) => {
    if (!(error instanceof CoapError)) throw error;
    throw new Error(`the gateway does not answer (${error.message})`, { cause: error });
  });
  for (const [i, word] of payload.entries()) {
    process.stdout.write(`third party ${i + 1}: ${meaningOf(word)}\n`);
  }
  const name = identityToText(sensor);
  if (code !== Codes.created && code !== Codes.changed) throw new Error(refusalOf(code, name));
  const vouched = payload.filter((word) => word === Codes.changed).length;
  process.stdout.write(`${vouched} vouch; the trigger waits for the next wake-up of ${name}\n`);
}

/** A sensor that begins an exchange which nobody takes would wait for long with the next. */
async function refuseTooEarly(dir: string): Promise<void> {
  const from = await takesExchangesFrom(dir);
  if (from === undefined || from <= Date.now()) return;
  const when = new Date(from).toISOString();
  throw new Error(`this Responder has lost its memory, and takes no exchange until ${when}: ask then`);
}

/** What a third party said, by the code of its answer. */
function meaningOf(code: number): string {
  if (code === Codes.changed) return "vouches";
  if (code === 0) return "no answer";
  const reason = code === Codes.tooManyRequests ? "too many triggers of this sensor today" : "does not vouch";
  return `${reason} (${codeName(code)})`;
}

function refusalOf(code: number, sensor: string): string {
  const reasons: Readonly<Record<number, string>> = {
    [Codes.forbidden]: "too few third parties vouch for it",
    [Codes.gatewayTimeout]: "too few third parties have answered",
    [Codes.notFound]: `the gateway does not know ${sensor}, or no exchange of its`,
    [Codes.tooManyRequests]: "the gateway has had too many triggers from here; try again later",
    [Codes.serviceUnavailable]: "the gateway is too busy; try again later",
  };
  return `no trigger: ${reasons[code] ?? "the gateway refuses it"} (${codeName(code)})`;
}
