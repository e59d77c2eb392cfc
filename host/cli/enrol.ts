/** `symbolon enrol`: makes a sensor known to its third parties, and them to it. */

import { existsSync } from "node:fs";
import { type Command, Option } from "commander";
import { toHex } from "../../protocol/bytes.js";
import { BUNDLE_SUITE } from "../../protocol/exchange/bundle.js";

import { checkPolicy, type Policy } from "../../protocol/exchange/policy.js";
import { type Identity, sameIdentity } from "../../protocol/mikey/identity.js";
import { type SuiteName, suiteNames } from "../../protocol/mikey/suites.js";
import { CertificateError, validateChain } from "../authority/certificate.js";
import type { Role } from "../authority/roles.js";
import {
  type MadeEnrolment,
  makeEnrolment,
  refuseEnrolled,
  TAKEN_PSK,
  writeMadeEnrolment,
  writeThirdParties,
} from "../enrolment/enrol.js";
import { FileError } from "../enrolment/files.js";

import {
  type Authority,
  enrolmentPath,
  readAuthority,
  readEnrolments,
  readPartyCertificates,
} from "../enrolment/folders.js";
import { findBoardRecord, giveToBoard, newCode } from "../enrolment/give.js";
import { enrolmentImage } from "../enrolment/image.js";
import { writeMod } from "../enrolment/mod.js";
import { type Others, othersToJson, tellGateway, tellOfResponder } from "../enrolment/others.js";
import { newIdentity, newLinkingKey, refuseGuessable } from "../enrolment/pseudonyms.js";
import { chooseHandle } from "../gateway/folder.js";
import {
  another,
  folderAt,
  httpUrl,
  identity,
  type Placed,
  placed,
  seconds,
  wholeNumber,
} from "./arguments.js";
import { addBoardOptions, askCode, type BoardOptions, giveOptions, givesBoard } from "./board-options.js";

const MAX_DAYS = 36_500;

interface EnrolOptions extends BoardOptions {
  authority: string;
  sensor?: Identity;
  thirdParty: Placed[];
  threshold: number;
  privacy?: number;
  suite?: SuiteName;
  gateway?: { readonly folder: string; readonly address: string };
  responder: Identity | Placed;
  responderUrl?: string;
  pseudonyms?: true;
  out?: string;
  mod?: string;
  days: number;
  deadline: number;
  keep?: boolean;
  force?: boolean;
}

export function addEnrolCommand(program: Command): void {
  const command = program
    .command("enrol")
    .description("enrol a sensor: its sensor.json, or a board, and a file in each third party's folder")
    .requiredOption("--authority <dir>", "the authority's folder")
    .option(
      "--sensor <id>",
      "NAI, URI, or 0x… for a byte string (with --pseudonyms: random, printed)",
      identity,
    )
    .requiredOption("--third-party <id=dir@host:port>", "in order, once for each third party", another)
    .requiredOption("--threshold <k>", "shares that rebuild the key", wholeNumber(2, 255))
    .option("--privacy <t>", "shares that tell nothing (default: k − 1)", wholeNumber(0, 254))
    .addOption(
      new Option(
        "--suite <name>",
        `KEMAC suite (default: ${suiteNames[0]}, with a gateway or pseudonyms ${BUNDLE_SUITE})`,
      ).choices(suiteNames),
    )
    .option("--gateway <dir@host:port>", "the gateway's folder, and where the sensor reaches it", folderAt)
    .requiredOption(
      "--responder <id>",
      "whom the sensor agrees with; as id=dir@host:port the third parties are told of it, and the sensor where it is",
      responder,
    )
    .option(
      "--responder-url <url>",
      "where the gateway reaches it by HTTP, instead of its host:port",
      httpUrl,
    )
    .option("--pseudonyms", "show an observer of the radio another name with each exchange")
    .option("--out <file>", "the sensor's file")
    .option("--mod <dir>", "a Moddable mod that gives the board its enrolment when it is flashed")
    .option("--days <days>", "how long the enrolment is valid", wholeNumber(1, MAX_DAYS), 365)
    .option("--deadline <seconds>", "how long an exchange may take", seconds, 20)
    .option("--keep", "third parties that know this sensor keep their key, and so does the board")
    .option("--force", "replace files that are there")
    .action(enrol);
  addBoardOptions(command);
}

async function enrol(options: EnrolOptions, command: Command): Promise<void> {
  const { thirdParty: parties, days, deadline, out, mod, keep = false, force = false } = options;
  const isBoard = givesBoard(options, command);
  if ([out, mod, isBoard || undefined].filter((target) => target !== undefined).length !== 1)
    command.error("error: give one of --out, --mod and --board", { exitCode: 2 });
  const sensor = sensorOf(options, command);
  const policy = policyOf(options, sensor, command);
  const authority = readAuthority(options.authority);
  const now = Date.now();
  for (const party of parties) vouchFor(authority, party, "third-party", now);
  const to = "folder" in options.responder ? options.responder : undefined;
  if (options.responderUrl !== undefined && (to === undefined || options.gateway === undefined)) {
    command.error("error: option '--responder-url' needs --gateway, and --responder with its folder");
  }
  if (to !== undefined) vouchFor(authority, to, "responder", now);

  const folders = parties.map(({ folder }) => folder);
  const known = folders.map((folder) => (keep ? keyOf(folder, policy) : undefined));
  const kept = known.map((key) => key?.psk);
  if (!isBoard && kept.includes(TAKEN_PSK) && kept.some((psk) => psk !== TAKEN_PSK)) {
    command.error(
      "error: only the sensor and its third parties know the keys that are kept: use --board or --force",
    );
  }
  const addresses = parties.map(({ address }) => address);
  const handle = options.gateway && chooseHandle(options.gateway.folder, policy.sensor);
  const linkingKey = options.pseudonyms && newLinkingKey();
  const start = firstT(known, now, isEnrolled(policy, out, folders));
  const order = {
    policy,
    ...(linkingKey !== undefined && { linkingKey }),
    responder: "folder" in options.responder ? options.responder.identity : options.responder,
    addresses,
    ...(to !== undefined && { responderAddress: to.address }),
    ...(options.gateway !== undefined && {
      gateway: { address: options.gateway.address, handle: handle as number },
    }),
    ...start,
    ...{ deadline, days, now, keep: kept },
  };
  const enrolment = await makeEnrolment(authority, order);
  const others: Others = {
    folders,
    ...(to !== undefined && {
      responder: { ...to, certificate: readPartyCertificates(to.folder).chain[0] },
    }),
    ...(options.gateway !== undefined && {
      gateway: {
        folder: options.gateway.folder,
        sensor: policy.sensor,
        privacy: policy.privacy,
        thirdParties: addresses,
        handle: handle as number,
        responders: [options.responderUrl ?? to?.address ?? ""],
        ...(linkingKey !== undefined && { pseudonyms: { linkingKey, t: start.t ?? 1 } }),
      },
    }),
  };
  if (isBoard) {
    if (!force && !keep) refuseEnrolled([], policy, folders);
    await enrolBoard(options, enrolment, kept, others);
    return;
  }
  const replace = force || keep;
  // First of all: a sensor that has its file finds everybody ready.
  tellGateway(others, { replace });
  if (out !== undefined) writeMadeEnrolment(enrolment, policy, out, folders, { replace });
  else if (mod !== undefined) {
    if (!replace) refuseEnrolled([], policy, folders);
    writeMod(mod, "sensor.json", JSON.stringify(enrolment.sensor), { replace });
    writeThirdParties(enrolment, folders, { replace });
  }
  tellOfResponder(others);
  tellName(options, enrolment.sensor.policy.sensor);
}

async function enrolBoard(
  options: EnrolOptions,
  enrolment: MadeEnrolment,
  kept: readonly (string | undefined)[],
  others: Others,
): Promise<void> {
  const give = giveOptions(options);
  const record = findBoardRecord(give.file);
  const code = await askCode(options, record?.code);
  // Neither keys nor a handle or a name that is drawn anew.
  const { psks: _, t: __, linkingKey: ___, gateway, ...order } = enrolment.sensor;
  const { responderUrl, sensor, pseudonyms } = options;
  const asked = JSON.stringify({
    ...order,
    policy: { ...order.policy, sensor: sensor && order.policy.sensor },
    ...{ gateway: gateway?.address, responderUrl, pseudonyms },
    folders: others.folders,
  });
  // An image that may have reached the board is finished first: its code may be the board's by now.
  if (record?.pending !== undefined) {
    await giveToBoard(code, record.pending, give);
    const { parties } = record.pending;
    if (parties?.order === asked) return tellName(options, parties.thirdParties[0].policy.sensor);
    throw new Error(
      "what was on its way to the board is finished: press its button and run this again for the new enrolment",
    );
  }
  const nextCode = newCode();
  const image = enrolmentImage(
    nextCode,
    enrolment.sensor,
    kept.map((psk) => psk !== undefined),
  );
  const parties = { order: asked, thirdParties: enrolment.thirdParties, others: othersToJson(others) };
  await giveToBoard(code, { image, nextCode, parties }, give);
  tellName(options, order.policy.sensor);
}

/**
 * The T of the first exchange. Where keys are kept it is theirs. A sensor that was enrolled before, and of which nobody
 * here knows how many exchanges it has had, gets one above all of them: the seconds since 1970, unless it had more than
 * one in each second.
 */
function firstT(kept: readonly (KnownKey | undefined)[], now: number, isEnrolled: boolean): { t?: number } {
  const ts = kept.flatMap((key) => (key === undefined ? [] : [key.t]));
  if (ts.length > 0) return { t: Math.max(...ts) };
  return isEnrolled ? { t: Math.floor(now / 1000) } : {};
}

function isEnrolled({ sensor }: Policy, file: string | undefined, folders: readonly string[]): boolean {
  const files = folders.map((folder) => enrolmentPath(folder, sensor));
  return [...(file === undefined ? [] : [file]), ...files].some((path) => existsSync(path));
}

interface KnownKey {
  readonly psk: string;
  readonly t: number;
}

/** The key in hex that a third party has of this sensor, for the same suite, and the T that it is for. */
function keyOf(folder: string, { sensor, suite }: Policy): KnownKey | undefined {
  const known = readEnrolments(folder).find(({ policy }) => sameIdentity(policy.sensor, sensor));
  if (known === undefined || known.policy.suite !== suite) return undefined;
  return { psk: known.psk === undefined ? TAKEN_PSK : toHex(known.psk), t: known.t };
}

/** Who is enrolled: with pseudonyms, unless it is given, somebody whom nobody can guess. */
function sensorOf({ sensor, pseudonyms }: EnrolOptions, command: Command): Identity {
  if (sensor === undefined) {
    if (pseudonyms) return newIdentity();
    return command.error("error: required option '--sensor <id>' not specified");
  }
  try {
    if (pseudonyms) refuseGuessable(sensor);
  } catch (error) {
    command.error(`error: option '--sensor': ${(error as Error).message}`);
  }
  return sensor;
}

/** Says who was enrolled, where nobody has said it before. */
function tellName({ sensor: given }: EnrolOptions, name: string): void {
  if (given === undefined) process.stdout.write(`sensor ${name}\n`);
}

function policyOf(options: EnrolOptions, sensor: Identity, command: Command): Policy {
  const { thirdParty, threshold, privacy, pseudonyms } = options;
  const bundles = options.gateway !== undefined || pseudonyms === true;
  const suite = options.suite ?? (bundles ? BUNDLE_SUITE : suiteNames[0]);
  if (pseudonyms && suite !== BUNDLE_SUITE) {
    return command.error(`error: a sensor with pseudonyms takes --suite ${BUNDLE_SUITE}`);
  }
  if (options.gateway !== undefined && suite !== BUNDLE_SUITE) {
    return command.error(`error: a sensor with a gateway takes --suite ${BUNDLE_SUITE}`);
  }
  try {
    return checkPolicy({
      sensor,
      threshold,
      privacy: privacy ?? threshold - 1,
      suite,
      thirdParties: thirdParty.map(({ identity }) => identity),
    });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return command.error(`error: ${error.message}`);
  }
}

/** A folder that is not of the party it is said to be of would show only when the sensor is in the field. */
function vouchFor(authority: Authority, { identity, folder }: Placed, role: Role, now: number): void {
  const { chain } = readPartyCertificates(folder);
  try {
    validateChain({ chain, root: authority, now, identity, role });
  } catch (error) {
    if (error instanceof CertificateError) throw new FileError(folder, error.message, { cause: error });
    throw error;
  }
}

function responder(text: string): Identity | Placed {
  return /=.+@.+:\d+$/.test(text) ? placed(text) : identity(text);
}
