/** `symbolon authority`: the certification authority that everybody trusts. */

import { type Command, Option } from "commander";
import type { Identity } from "../../protocol/mikey/identity.js";
import { createLeaf, createRoot } from "../authority/certify.js";
import { type Role, roles } from "../authority/roles.js";
import { DEFAULT_KEY_SIZE, generateRsaKeys, keySizes } from "../authority/rsa-keys.js";
import { readAuthority, writeAuthority, writeParty } from "../enrolment/folders.js";
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
}

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
    .option("--force", "replace files that are there")
    .action(certifyParty);
}

async function initAuthority({ dir, bits, days, force = false }: InitOptions): Promise<void> {
  const { publicKey, privateKey } = await generateRsaKeys(Number(bits));
  const certificate = await createRoot(publicKey, privateKey, { now: Date.now(), days });
  writeAuthority(dir, { certificate, privateKey }, { replace: force });
}

async function certifyParty(options: CertifyOptions): Promise<void> {
  const { dir, role, identity, out, bits, days, force = false } = options;
  const authority = readAuthority(dir);
  const { publicKey, privateKey } = await generateRsaKeys(Number(bits));
  const leaf = await createLeaf(authority, { identity, role, publicKey }, { now: Date.now(), days });
  writeParty(out, { privateKey, chain: [leaf], root: authority }, { replace: force });
}

function bitsOption(): Option {
  return new Option("--bits <bits>", "size of the RSA key")
    .choices(keySizes.map(String))
    .default(`${DEFAULT_KEY_SIZE}`);
}
