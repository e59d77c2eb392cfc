/** The options of `symbolon simulate`, and what they come to. */

import { randomInt } from "node:crypto";
import { type Command, Option } from "commander";
import { BUNDLE_SUITE } from "../../protocol/exchange/bundle.js";
import { type SuiteName, suiteNames } from "../../protocol/mikey/suites.js";
import type { Settings } from "../simulation/settings.js";
import {
  type BoardName,
  boardNames,
  type HostileMode,
  hostileModes,
  type LinkName,
  linkNames,
} from "../simulation/settings.js";
import { decimal, seconds, wholeNumber } from "./arguments.js";

export const EXIT_WRONG_USE = 2;

/** Each party has an address of its own in 127.0.x.0/24 of a capture. */
const MAX_PARTIES = 254;
/** Readings of a sensor that sleeps, unless it is told otherwise: one before the sleep, one after it. */
const SLEEPERS_READINGS = 2;
const MAX_SEED = 2 ** 48 - 1;

/** What commander makes of the command line. */
export interface Given {
  thirdParties: number;
  threshold: number;
  privacy?: number;
  lose: number;
  liars: number;
  collude?: true;
  drop: number;
  board: BoardName;
  link: LinkName;
  corrupt: number;
  seed?: number;
  suite?: SuiteName;
  gateway?: true;
  pseudonyms?: true;
  sleep?: true;
  hostile?: HostileMode;
  http?: true;
  deadline: number;
  repeat?: number;
  parallel: number;
  bits: string;
  readings?: number;
  rekeyEvery?: number;
  pcap?: string;
  json?: true;
}

/** Gives the command its description and options. */
export function describe(command: Command): Command {
  return command
    .description("run a whole exchange on this machine: firmware on its engine, servers as processes")
    .addOption(option("--third-parties <n>", "n, the third parties", wholeNumber(2, MAX_PARTIES)).default(3))
    .addOption(
      option("--threshold <k>", "k, the shares that rebuild the key", wholeNumber(2, MAX_PARTIES)).default(2),
    )
    .addOption(
      option(
        "--privacy <t>",
        "t, the shares that tell nothing (default: k − 1)",
        wholeNumber(0, MAX_PARTIES),
      ),
    )
    .addOption(
      option("--lose <m>", "third parties stopped beforehand", wholeNumber(0, MAX_PARTIES)).default(0),
    )
    .addOption(
      option("--liars <m>", "third parties that alter their share", wholeNumber(0, MAX_PARTIES)).default(0),
    )
    .option("--collude", "the liars plant a key together, claim others' places, contradict themselves")
    .addOption(
      option(
        "--drop <p>",
        "part of all datagrams (gatt: notifications) that are lost",
        decimal(0, 1),
      ).default(0),
    )
    .addOption(
      new Option("--board <board>", "what the firmware runs on: a process, or an emulated Cortex-M4")
        .choices(boardNames)
        .default("linux"),
    )
    .addOption(
      new Option("--link <link>", "how the sensor reaches the network").choices(linkNames).default("udp"),
    )
    .addOption(
      option(
        "--corrupt <p>",
        "part of all bytes on the serial line that arrive as others",
        decimal(0, 1),
      ).default(0),
    )
    .addOption(
      option("--seed <s>", "what is lost follows from it (default: random, shown)", wholeNumber(0, MAX_SEED)),
    )
    .addOption(
      new Option(
        "--suite <name>",
        `KEMAC suite (default: aes-ccm-128, with a gateway or pseudonyms ${BUNDLE_SUITE})`,
      ).choices(suiteNames),
    )
    .addOption(option("--deadline <seconds>", "how long an exchange may take", seconds).default(20))
    .addOption(option("--repeat <n>", "exchanges; run i (from 0) takes seed s + i", wholeNumber(1, 100_000)))
    .addOption(
      option("--parallel <j>", "sensors that take part at a time", wholeNumber(1, MAX_PARTIES)).default(1),
    )
    .addOption(new Option("--bits <bits>", "RSA key size").choices(["2048", "3072", "4096"]).default("2048"))
    .addOption(
      option("--readings <n>", "readings that each sensor sends to the Responder", wholeNumber(1, 100_000)),
    )
    .addOption(
      option(
        "--rekey-every <n>",
        "readings after which a sensor makes a new exchange",
        wholeNumber(1, 100_000),
      ),
    )
    .option("--gateway", "sensors send one bundle to an untrusted gateway, which has no key")
    .option("--pseudonyms", "each exchange shows an observer of the radio another name of its sensor")
    .option("--sleep", "sensors sleep between readings; R_I waits at the gateway (needs --gateway)")
    .option("--http", "the gateway reaches the Responder by HTTP (needs --gateway, sends readings)")
    .addOption(
      new Option("--hostile <mode>", "what the gateway does that it should not (needs --gateway)").choices(
        hostileModes,
      ),
    )
    .option("--pcap <file>", "write every datagram as a capture, lost ones with a TTL of 1")
    .option("--json", "print the result as one JSON object")
    .showSuggestionAfterError(false)
    .addHelpText(
      "after",
      "\nExit code: 0 when all exchanges agreed and all readings came once, 1 when not, 2 on wrong use.\n" +
        "With --hostile: 0 when no key is false, no reading came twice or altered, and no secret was seen.\n" +
        "In a capture sensors are 127.0.1.x, third parties 127.0.2.x, the Responder is 127.0.3.1,\nborder routers (--link) 127.0.4.x.",
    );
}

function option(flags: string, description: string, parse: (text: string) => number): Option {
  return new Option(flags, description).argParser(parse);
}

/** What one option rules out for another is checked here: wrong use ends the command. */
export function settingsOf(given: Given, command: Command): Settings {
  const { thirdParties: n, threshold: k, lose, liars, collude = false, repeat = 1, parallel } = given;
  const privacy = given.privacy ?? k - 1;
  const wrong = (name: string, why: string): never =>
    command.error(`error: option '${name}' ${why}`, { exitCode: EXIT_WRONG_USE });
  if (k > n) wrong("--threshold", `can't be ${k}: there are ${n} third parties`);
  if (privacy >= k) wrong("--privacy", `must be below the threshold ${k}, not ${privacy}`);
  // Shares and the k − t secret points are distinct elements of GF(256).
  if (n > 255 - (k - privacy - 1))
    wrong("--third-parties", `can't be ${n} with ${k - privacy} secret points`);
  if (lose > n) wrong("--lose", `can't be ${lose}: there are ${n} third parties`);
  if (liars > n - lose) wrong("--liars", `can't be ${liars}: ${n - lose} third parties take part`);
  if (collude && liars === 0) wrong("--collude", "needs --liars");
  if (given.board === "cortex-m4" && given.link === "gatt")
    wrong("--link", "can't be gatt on --board cortex-m4: it has UDP and a UART");
  if (given.corrupt > 0 && given.link !== "slipmux")
    wrong("--corrupt", "needs a serial line: --link slipmux");
  if (given.readings !== undefined && given.link !== "udp")
    wrong("--readings", "needs sensors with IP: --link udp");
  const { gateway = false, pseudonyms = false, sleep = false, http = false } = given;
  const suite = given.suite ?? (gateway || pseudonyms ? BUNDLE_SUITE : "aes-ccm-128");
  if (pseudonyms && suite !== BUNDLE_SUITE) wrong("--suite", `must be ${BUNDLE_SUITE} with --pseudonyms`);
  if (pseudonyms && given.link !== "udp") wrong("--pseudonyms", "needs sensors with IP: --link udp");
  if (pseudonyms && given.board !== "linux") wrong("--pseudonyms", "needs --board linux");
  if (pseudonyms && given.hostile !== undefined)
    wrong("--hostile", "can't be with --pseudonyms: it meddles with what has handles");
  if (gateway && suite !== BUNDLE_SUITE) wrong("--suite", `must be ${BUNDLE_SUITE} with --gateway`);
  if (gateway && given.link !== "udp") wrong("--gateway", "needs sensors with IP: --link udp");
  if (gateway && given.board !== "linux") wrong("--gateway", "needs --board linux");
  if (sleep && !gateway) wrong("--sleep", "needs --gateway");
  if (http && !gateway) wrong("--http", "needs --gateway");
  const { rekeyEvery } = given;
  if (rekeyEvery !== undefined && !sleep && given.readings === undefined)
    wrong("--rekey-every", "needs --readings or --sleep");
  if (rekeyEvery !== undefined && given.board !== "linux") wrong("--rekey-every", "needs --board linux");
  if (given.hostile !== undefined && !gateway) wrong("--hostile", "needs --gateway");
  if (given.hostile !== undefined && http) wrong("--hostile", "can't be with --http: it meddles with CoAP");
  if (parallel > repeat) wrong("--parallel", `can't be ${parallel}: --repeat asks for ${repeat}`);
  return {
    thirdParties: n,
    threshold: k,
    privacy,
    lose,
    liars,
    collude,
    drop: given.drop,
    board: given.board,
    link: given.link,
    corrupt: given.corrupt,
    seed: given.seed ?? randomInt(2 ** 32),
    ...{ suite, gateway, pseudonyms, sleep, http },
    ...(given.hostile !== undefined && { hostile: given.hostile }),
    deadline: given.deadline,
    repeat,
    parallel,
    bits: Number(given.bits),
    ...(rekeyEvery !== undefined && { rekeyEvery }),
    ...(given.pcap !== undefined && { pcap: given.pcap }),
    // Who sleeps wakes for something, and HTTP carries readings only.
    ...((sleep || http || given.readings !== undefined) && { readings: given.readings ?? SLEEPERS_READINGS }),
  };
}
