/** The folders of all parties: authority, certificates, enrolments. */

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { SuiteName } from "../../protocol/mikey/suites.js";

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
  /** Where `client` reaches `server`: "host:port". */
  readonly address: (client: string, server: string) => string;
}

/** One folder a party, by name. */
export interface Folders {
  readonly responder: string;
  readonly thirdParties: ReadonlyMap<string, string>;
  readonly sensors: ReadonlyMap<string, string>;
}

/** Makes the authority, a key and a certificate for each server, and enrols every sensor. */
export async function prepareFolders(plan: FoldersPlan): Promise<Folders> {
  const dir = async (name: string) => {
    await mkdir(join(plan.folder, name));
    return join(plan.folder, name);
  };
  const responder = await dir(plan.responder);
  const thirdParties = new Map<string, string>();
  const sensors = new Map<string, string>();
  for (const name of plan.thirdParties) {
    const d = await dir(name);
    thirdParties.set(name, d);
    await writeFile(
      join(d, "responders.json"),
      JSON.stringify([{ identity: plan.responder, address: plan.address(name, plan.responder) }]),
    );
  }
  for (const name of plan.sensors) {
    const d = await dir(name);
    sensors.set(name, d);
    const { threshold, privacy, suite, deadline } = plan;
    await writeFile(
      join(d, "sensor.json"),
      JSON.stringify({
        policy: { sensor: name, threshold, privacy, suite, thirdParties: plan.thirdParties },
        responder: plan.responder,
        deadline,
        addresses: plan.thirdParties.map((tp) => plan.address(name, tp)),
      }),
    );
  }
  return { responder, thirdParties, sensors };
}
