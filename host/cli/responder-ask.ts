/** `symbolon responder ask`: has the Responder that runs ask something of a sensor that sleeps. */

import { type Command, Option } from "commander";
import { LONGEST_INTERVAL, type SensorRequest } from "../../protocol/exchange/sensor-requests.js";
import { type Identity, identityToText } from "../../protocol/mikey/identity.js";
import { answerLine } from "../channel/print.js";
import { askSensor, awaitAnswer } from "../control/client.js";
import { LONGEST_WAIT } from "../control/socket.js";
import { decimal, identity, wholeNumber } from "./arguments.js";
import { ownOptions } from "./responder-options.js";

export function addAskCommand(responder: Command): void {
  const command = responder
    .command("ask")
    .description("have the Responder that runs in the folder ask something of a sensor that sleeps")
    .argument("<sensor>", "who it is", identity)
    .option("--read", "a reading that is measured when the sensor wakes")
    .addOption(
      new Option("--interval [seconds]", "how long it sleeps between readings, or that it is to be so long")
        .argParser(wholeNumber(1, LONGEST_INTERVAL))
        .conflicts("read"),
    )
    .addOption(new Option("--exchange", "an exchange at the next wake-up").conflicts(["read", "interval"]))
    .option("--wait <seconds>", "until it has answered, for so long", decimal(0, LONGEST_WAIT));
  ownOptions(command, ["dir", "gateway"]);
  command.action((sensor: Identity) => ask(sensor, command.optsWithGlobals(), command));
}

interface AskCommandOptions {
  readonly dir: string;
  readonly gateway?: string;
  readonly read?: true;
  readonly interval?: number | true;
  readonly exchange?: true;
  readonly wait?: number;
}

async function ask(identity: Identity, options: AskCommandOptions, command: Command): Promise<void> {
  const { dir, gateway, wait } = options;
  const sensor = identityToText(identity);
  const request = requestOf(options);
  if (request === undefined) command.error("error: one of --read, --interval and --exchange is needed");
  const name = await askSensor(dir, { sensor, request, ...(gateway !== undefined && { gateway }) });
  process.stdout.write(`${sensor} ${name.t}/#${name.request}: waits at the gateway\n`);
  if (wait === undefined) return;
  const answer = await awaitAnswer(dir, name, wait);
  if (answer === undefined) throw new Error(`${sensor} has not answered within ${wait} s`);
  process.stdout.write(`${answerLine(answer)}\n`);
  if (!answer.code.startsWith("2.")) throw new Error(`${sensor} ${refusalOf(answer.code)} (${answer.code})`);
}

function requestOf({ read, interval, exchange }: AskCommandOptions): SensorRequest | undefined {
  if (read) return { kind: "reading" };
  if (exchange) return { kind: "exchange" };
  if (interval === undefined) return undefined;
  return interval === true ? { kind: "interval" } : { kind: "setInterval", seconds: interval };
}

function refusalOf(code: string): string {
  return code === "4.12" ? "has got the request too late, and has not done it" : "refuses";
}
