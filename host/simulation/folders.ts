/** The folders of all parties, as an authority would make them: keys, certificates, enrolments. */

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Policy } from "../../protocol/exchange/policy.js";
import { type Identity, identityFromText, identityToText } from "../../protocol/mikey/identity.js";
import type { SuiteName } from "../../protocol/mikey/suites.js";
import { trustAnchor } from "../authority/certificate.js";
import { createLeaf, createRoot } from "../authority/certify.js";
import type { Role } from "../authority/roles.js";
import { generateRsaKeys } from "../authority/rsa-keys.js";
import { makeEnrolment, writeMadeEnrolment } from "../enrolment/enrol.js";
import { type Authority, addResponder, writeAuthority, writeParty } from "../enrolment/folders.js";
import { newLinkingKey } from "../enrolment/pseudonyms.js";
import { chooseHandle, writeGatewaySensor } from "../gateway/folder.js";

/** Nothing of a simulation is to last. */
const DAYS = 1;

export interface FoldersPlan {
  /** Where the folders are made. */
  readonly folder: string;
  readonly sensors: readonly string[];
  readonly thirdParties: readonly string[];
  readonly responder: string;
  readonly threshold: number;
  readonly privacy: number;
  readonly suite: SuiteName;
  /** Seconds. */
  readonly deadline: number;
  /** Size of every RSA key. */
  readonly bits: number;
  /** Whether sensors are told where the Responder takes readings. */
  readonly channel: boolean;
  /** The gateway of all sensors, if there is one. */
  readonly gateway?: string;
  /** Whether sensors have pseudonyms. */
  readonly pseudonyms?: boolean;
  /** When it is said to be: Unix time in milliseconds; now without it. */
  readonly now?: number;
  /** Where `client` reaches `server`: "host:port". */
  readonly address: (client: string, server: string) => string;
  /** Hears how many keys there are so far. */
  readonly onKey?: (made: number) => void;
  /** Once aborted, nothing more is written; the call then rejects with the signal's reason. */
  readonly signal: AbortSignal;
}

/** One folder a party, by name. */
export interface Folders {
  readonly responder: string;
  readonly thirdParties: ReadonlyMap<string, string>;
  readonly sensors: ReadonlyMap<string, string>;
  readonly gateway?: string;
}

/** Makes the authority, a key and a certificate for each server, and enrols every sensor. */
export async function prepareFolders(plan: FoldersPlan): Promise<Folders> {
  const { folder, sensors, thirdParties, responder, address, signal, now = Date.now() } = plan;
  const servers = [responder, ...thirdParties];
  const folderOf = (name: string): string => join(folder, name);
  const [authority, ...keys] = await makeKeys(servers.length + 1, plan);

  const certificate = await createRoot(authority.publicKey, authority.privateKey, { now, days: DAYS });
  const root: Authority = { ...trustAnchor(certificate), privateKey: authority.privateKey };
  signal.throwIfAborted();
  writeAuthority(folderOf("authority"), root);

  const certify = async (name: string, role: Role, { publicKey, privateKey }: Keys): Promise<Uint8Array> => {
    const subject = { identity: identityFromText(name), role, publicKey };
    const leaf = await createLeaf(root, subject, { now, days: DAYS });
    signal.throwIfAborted();
    writeParty(folderOf(name), { privateKey, chain: [leaf], root });
    return leaf;
  };
  const responderIdentity = identityFromText(responder);
  const responderCertificate = await certify(responder, "responder", keys[0]);
  for (const [i, name] of thirdParties.entries()) {
    await certify(name, "third-party", keys[i + 1]);
    addResponder(folderOf(name), {
      identity: responderIdentity,
      address: address(name, responder),
      certificate: responderCertificate,
    });
  }
  for (const name of sensors) await enrol(plan, root, name, responderIdentity, now);

  const folders = (names: readonly string[]) => new Map(names.map((name) => [name, folderOf(name)]));
  return {
    responder: folderOf(responder),
    thirdParties: folders(thirdParties),
    sensors: folders(sensors),
    ...(plan.gateway !== undefined && { gateway: folderOf(plan.gateway) }),
  };
}

type Keys = Awaited<ReturnType<typeof generateRsaKeys>>;

/** All at once: Node makes each on a thread of its own. */
function makeKeys(count: number, { bits, onKey }: FoldersPlan): Promise<Keys[]> {
  let made = 0;
  const one = async (): Promise<Keys> => {
    const keys = await generateRsaKeys(bits);
    onKey?.(++made);
    return keys;
  };
  return Promise.all(Array.from({ length: count }, one));
}

async function enrol(
  plan: FoldersPlan,
  authority: Authority,
  sensor: string,
  responder: Identity,
  now: number,
): Promise<void> {
  const { folder, thirdParties, threshold, privacy, suite, deadline, address, channel, signal } = plan;
  const policy = {
    sensor: identityFromText(sensor),
    threshold,
    privacy,
    suite,
    thirdParties: thirdParties.map(identityFromText),
  };
  const linkingKey = plan.pseudonyms ? newLinkingKey() : undefined;
  const enrolment = await makeEnrolment(authority, {
    policy,
    ...(linkingKey !== undefined && { linkingKey }),
    responder,
    addresses: thirdParties.map((name) => address(sensor, name)),
    ...(channel && { responderAddress: address(sensor, plan.responder) }),
    ...(plan.gateway !== undefined && { gateway: enrolAtGateway(plan, plan.gateway, policy, linkingKey) }),
    ...{ deadline, days: DAYS, now },
  });
  const folders = thirdParties.map((name) => join(folder, name));
  signal.throwIfAborted();
  mkdirSync(join(folder, sensor), { mode: 0o700 });
  writeMadeEnrolment(enrolment, policy, join(folder, sensor, "sensor.json"), folders);
}

/** Makes a sensor known to its gateway; returns how the sensor knows the gateway. */
function enrolAtGateway(
  plan: FoldersPlan,
  gateway: string,
  { sensor, privacy }: Policy,
  linkingKey: Uint8Array | undefined,
) {
  const { folder, thirdParties, responder, address } = plan;
  const own = join(folder, gateway);
  const handle = chooseHandle(own, sensor);
  writeGatewaySensor(own, {
    ...{ sensor, privacy, handle },
    thirdParties: thirdParties.map((name) => address(gateway, name)),
    responders: [address(gateway, responder)],
    ...(linkingKey !== undefined && { pseudonyms: { linkingKey, t: 1 } }),
  });
  return { address: address(identityToText(sensor), gateway), handle };
}
