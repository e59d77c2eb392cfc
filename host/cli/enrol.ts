/** `symbolon enrol`: makes a sensor known to its third parties, and them to it. */

import { type Command, Option } from "commander";
import { BUNDLE_SUITE } from "../../protocol/exchange/bundle.js";
import { checkPolicy, type Policy } from "../../protocol/exchange/policy.js";
import type { Identity } from "../../protocol/mikey/identity.js";
import { type SuiteName, suiteNames } from "../../protocol/mikey/suites.js";
import { CertificateError, validateChain } from "../authority/certificate.js";
import type { Role } from "../authority/roles.js";
import { makeEnrolment, writeMadeEnrolment } from "../enrolment/enrol.js";
import { FileError } from "../enrolment/files.js";
import { type Authority, addResponder, readAuthority, readPartyCertificates } from "../enrolment/folders.js";
import { chooseHandle, writeGatewaySensor } from "../gateway/folder.js";
import { another, folderAt, identity, type Placed, placed, seconds, wholeNumber } from "./arguments.js";

const MAX_DAYS = 36_500;

interface EnrolOptions {
  authority: string;
  sensor: Identity;
  thirdParty: Placed[];
  threshold: number;
  privacy?: number;
  suite?: SuiteName;
  gateway?: { readonly folder: string; readonly address: string };
  responder: Identity | Placed;
  out: string;
  days: number;
  deadline: number;
  force?: boolean;
}

export function addEnrolCommand(program: Command): void {
  program
    .command("enrol")
    .description("enrol a sensor: its sensor.json, and a file in each third party's folder")
    .requiredOption("--authority <dir>", "the authority's folder")
    .requiredOption("--sensor <id>", "NAI, URI, or 0x… for a byte string", identity)
    .requiredOption("--third-party <id=dir@host:port>", "in order, once for each third party", another)
    .requiredOption("--threshold <k>", "shares that rebuild the key", wholeNumber(2, 255))
    .option("--privacy <t>", "shares that tell nothing (default: k − 1)", wholeNumber(0, 254))
    .addOption(
      new Option(
        "--suite <name>",
        `KEMAC suite (default: ${suiteNames[0]}, with a gateway ${BUNDLE_SUITE})`,
      ).choices(suiteNames),
    )
    .option("--gateway <dir@host:port>", "the gateway's folder, and where the sensor reaches it", folderAt)
    .requiredOption(
      "--responder <id>",
      "whom the sensor agrees with; as id=dir@host:port the third parties are told of it, and the sensor where it is",
      responder,
    )
    .requiredOption("--out <file>", "the sensor's file")
    .option("--days <days>", "how long the enrolment is valid", wholeNumber(1, MAX_DAYS), 365)
    .option("--deadline <seconds>", "how long an exchange may take", seconds, 20)
    .option("--force", "replace files that are there")
    .action(enrol);
}

async function enrol(options: EnrolOptions, command: Command): Promise<void> {
  const { thirdParty: parties, days, deadline, force = false } = options;
  const policy = policyOf(options, command);
  const authority = readAuthority(options.authority);
  const now = Date.now();
  for (const party of parties) vouchFor(authority, party, "third-party", now);
  const to = "folder" in options.responder ? options.responder : undefined;
  if (to !== undefined) vouchFor(authority, to, "responder", now);

  const handle = options.gateway && chooseHandle(options.gateway.folder, policy.sensor);
  const enrolment = await makeEnrolment(authority, {
    policy,
    responder: "folder" in options.responder ? options.responder.identity : options.responder,
    addresses: parties.map(({ address }) => address),
    ...(to !== undefined && { responderAddress: to.address }),
    ...(options.gateway !== undefined && {
      gateway: { address: options.gateway.address, handle: handle as number },
    }),
    ...{ deadline, days, now },
  });
  const folders = parties.map(({ folder }) => folder);
  if (options.gateway !== undefined) {
    // First of all: a sensor that has its file finds everybody ready.
    const { sensor, privacy } = policy;
    const thirdParties = parties.map(({ address }) => address);
    const known = {
      sensor,
      privacy,
      thirdParties,
      handle: handle as number,
      responders: [to?.address ?? ""],
    };
    writeGatewaySensor(options.gateway.folder, known, { replace: force });
  }
  writeMadeEnrolment(enrolment, policy, options.out, folders, { replace: force });
  if (to === undefined) return;
  const [certificate] = readPartyCertificates(to.folder).chain;
  for (const folder of folders) addResponder(folder, { ...to, certificate });
}

function policyOf(options: EnrolOptions, command: Command): Policy {
  const { sensor, thirdParty, threshold, privacy } = options;
  const suite = options.suite ?? (options.gateway === undefined ? suiteNames[0] : BUNDLE_SUITE);
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
