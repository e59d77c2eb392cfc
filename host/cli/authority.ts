/** `symbolon authority`: the certification authority that everybody trusts. */

import { X509Certificate } from "node:crypto";
import { type Command, Option } from "commander";
import { type Identity, identityToText, sameIdentity } from "../../protocol/mikey/identity.js";
import { CertificateError, validateChain } from "../authority/certificate.js";
import { createLeaf, createRoot } from "../authority/certify.js";
import { type Role, roles } from "../authority/roles.js";
import { DEFAULT_KEY_SIZE, generateRsaKeys, keySizes } from "../authority/rsa-keys.js";
import { FileError } from "../enrolment/files.js";
import {
  type Authority,
  addResponder,
  readAuthority,
  readPartyCertificates,
  readResponders,
  renewParty,
  writeAuthority,
  writeParty,
} from "../enrolment/folders.js";
import { identity, wholeNumber } from "./arguments.js";

const MAX_DAYS = 36_500;

interface InitOptions {
  dir: string;
  bits: string;
  days: number;
  force?: boolean;
}

interface CertifyOptions extends InitOptions {
  role: Role;
  identity: Identity;
  out: string;
  hours?: number;
}

type RenewOptions = Pick<CertifyOptions, "dir" | "out" | "bits" | "days" | "hours"> & { tell: string[] };

export function addAuthorityCommand(program: Command): void {
  const authority = program.command("authority").description("make an authority, certify parties");

  authority
    .command("init")
    .description("make an authority: key.pem and certificate.pem")
    .requiredOption("--dir <dir>", "the authority's folder")
    .addOption(bitsOption())
    .option("--days <days>", "how long the certificate is valid", wholeNumber(1, MAX_DAYS), 3650)
    .option("--force", "replace files that are there")
    .action(initAuthority);

  authority
    .command("certify")
    .description("make a party: key.pem, chain.pem and authority.pem")
    .requiredOption("--dir <dir>", "the authority's folder")
    .addOption(new Option("--role <role>", "what the party is").choices(roles).makeOptionMandatory())
    .requiredOption("--identity <id>", "NAI, URI, or 0x… for a byte string", identity)
    .requiredOption("--out <dir>", "the party's folder")
    .addOption(bitsOption())
    .option("--days <days>", "how long the certificate is valid", wholeNumber(1, MAX_DAYS), 365)
    .addOption(hoursOption())
    .option("--force", "replace files that are there")
    .action(certifyParty);

  authority
    .command("renew")
    .description("give a party a new key and certificate; its program takes them up while it runs")
    .requiredOption("--dir <dir>", "the authority's folder")
    .requiredOption("--out <dir>", "the party's folder")
    .addOption(bitsOption())
    .option("--days <days>", "how long the certificate is valid", wholeNumber(1, MAX_DAYS), 365)
    .addOption(hoursOption())
    .option("--tell <dir>", "a third party that knows this responder; once for each", listed, [])
    .action(renewCertificate);
}

async function initAuthority({ dir, bits, days, force = false }: InitOptions): Promise<void> {
  const { publicKey, privateKey } = await generateRsaKeys(Number(bits));
  const certificate = await createRoot(publicKey, privateKey, { now: Date.now(), days });
  writeAuthority(dir, { certificate, privateKey }, { replace: force });
}

async function certifyParty(options: CertifyOptions): Promise<void> {
  const { dir, role, identity, out, bits, force = false } = options;
  const days = daysOf(options);
  const authority = readAuthority(dir);
  const { publicKey, privateKey } = await generateRsaKeys(Number(bits));
  const leaf = await createLeaf(authority, { identity, role, publicKey }, { now: Date.now(), days });
  writeParty(out, { privateKey, chain: [leaf], root: authority }, { replace: force });
}

async function renewCertificate(options: RenewOptions): Promise<void> {
  const { dir, out, bits, tell } = options;
  const authority = readAuthority(dir);
  const { identity, role } = certifiedOnce(authority, out);
  const told = tell.map((folder) => ({ folder, address: addressAt(folder, identity) }));
  const { publicKey, privateKey } = await generateRsaKeys(Number(bits));
  const validity = { now: Date.now(), days: daysOf(options) };
  const certificate = await createLeaf(authority, { identity, role, publicKey }, validity);
  renewParty(out, { privateKey, chain: [certificate] });
  // The responder takes both for a while; from now on nothing is sent to the old one.
  for (const { folder, address } of told) addResponder(folder, { identity, address, certificate });
}

/** Who a party is, by a certificate that may have run out. Throws a FileError when it is not this authority's. */
function certifiedOnce(authority: Authority, folder: string): { identity: Identity; role: Role } {
  const { chain } = readPartyCertificates(folder);
  const now = Date.parse(new X509Certificate(chain[0]).validFrom);
  let first: unknown;
  for (const role of roles) {
    try {
      return { identity: validateChain({ chain, root: authority, now, role }).identity, role };
    } catch (error) {
      if (!(error instanceof CertificateError)) throw error;
      first ??= new FileError(folder, error.message, { cause: error });
    }
  }
  throw first;
}

function addressAt(folder: string, identity: Identity): string {
  const known = readResponders(folder).find((entry) => sameIdentity(entry.identity, identity));
  if (known !== undefined) return known.address;
  throw new FileError(folder, `${identityToText(identity)} is not among its responders`);
}

function daysOf({ days, hours }: Pick<CertifyOptions, "days" | "hours">): number {
  return hours === undefined ? days : hours / 24;
}

function hoursOption(): Option {
  return new Option("--hours <hours>", "the same in hours")
    .argParser(wholeNumber(1, 24 * MAX_DAYS))
    .conflicts("days");
}

function listed(folder: string, before: string[]): string[] {
  return [...before, folder];
}

function bitsOption(): Option {
  return new Option("--bits <bits>", "size of the RSA key")
    .choices(keySizes.map(String))
    .default(`${DEFAULT_KEY_SIZE}`);
}
