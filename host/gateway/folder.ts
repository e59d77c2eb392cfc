/**
 * A gateway's folder: `sensors/*.json`, one for each sensor, and its state in `state/`. Who a sensor's third parties are,
 * where they are, and how its bundles are cut, is no secret; the linking key of a sensor with pseudonyms is one.
 */

import { join } from "node:path";
import { toHex } from "../../protocol/bytes.js";
import { memberIdentity } from "../../protocol/exchange/policy.js";
import { type Identity, identityToText } from "../../protocol/mikey/identity.js";
import { parseAddress } from "../coap/address.js";
import { FileError, readJson, readText, type WriteOptions, writeJson } from "../enrolment/files.js";
import { fileNameOf, handleFromJson, list, makeFolder } from "../enrolment/folders.js";
import { linkingKeyFromJson } from "../enrolment/pseudonyms.js";
import { checkHttpUrl, isHttpUrl } from "../http/client.js";
import { randomSource } from "../primitives.js";

export const GATEWAY_FORMAT = "symbolon-gateway-1";

/** A sensor as its gateway knows it. */
export interface GatewaySensor {
  readonly sensor: Identity;
  readonly handle: number;
  /** t: the first so many third parties get no share in a bundle. */
  readonly privacy: number;
  /** host:port of each third party, in the order of the enrolment; n is how many there are. */
  readonly thirdParties: readonly string[];
  /**
   * Where each Responder takes OSCORE messages, in the order that a bundle's index means: host:port, or a URL for one
   * behind HTTP; "" where it takes no readings.
   */
  readonly responders: readonly string[];
  /** Of a sensor whose bundles have pseudonyms: their key, and the T of its first exchange. The handle is the gateway's own. */
  readonly pseudonyms?: { readonly linkingKey: Uint8Array; readonly t: number };
}

const SENSORS = "sensors";

/** Where they are. */
export function sensorsFolder(folder: string): string {
  return join(folder, SENSORS);
}

/** The sensors of a gateway, by handle. Throws a FileError, for two with one handle too. */
export function readGatewaySensors(folder: string): Map<number, GatewaySensor> {
  const path = sensorsFolder(folder);
  const sensors = new Map<number, GatewaySensor>();
  for (const name of list(path)) {
    if (!name.endsWith(".json") || name.startsWith(".")) continue;
    const file = join(path, name);
    const sensor = readJson(file, sensorFromJson);
    if (sensor.pseudonyms !== undefined) readText(file, { secret: true });
    const other = sensors.get(sensor.handle);
    if (other !== undefined) {
      const { handle } = sensor;
      throw new FileError(file, `handle: ${handle} is that of ${identityToText(other.sensor)} too`);
    }
    sensors.set(sensor.handle, sensor);
  }
  return sensors;
}

/** Where a sensor's file is. */
export function gatewaySensorPath(folder: string, sensor: Identity): string {
  return join(sensorsFolder(folder), `${fileNameOf(sensor)}.json`);
}

export function writeGatewaySensor(
  folder: string,
  { sensor, pseudonyms, ...rest }: GatewaySensor,
  options: WriteOptions = {},
): void {
  makeFolder(sensorsFolder(folder));
  const json = {
    ...{ format: GATEWAY_FORMAT, sensor: identityToText(sensor), ...rest },
    ...(pseudonyms !== undefined && {
      pseudonyms: { linkingKey: toHex(pseudonyms.linkingKey), t: pseudonyms.t },
    }),
  };
  writeJson(gatewaySensorPath(folder, sensor), json, { ...options, secret: pseudonyms !== undefined });
}

/** A handle that no other sensor of the gateway has: the sensor's own, if it is known already, else a random one. */
export function chooseHandle(folder: string, sensor: Identity): number {
  const sensors = readGatewaySensors(folder);
  const name = identityToText(sensor);
  for (const known of sensors.values()) if (identityToText(known.sensor) === name) return known.handle;
  if (sensors.size > 0xffff) throw new RangeError("handle: all 65536 are taken");
  for (;;) {
    const [high, low] = randomSource(2);
    const handle = high * 256 + low;
    if (!sensors.has(handle)) return handle;
  }
}

function sensorFromJson(json: unknown): GatewaySensor {
  if (typeof json !== "object" || json === null) throw new SyntaxError("expected an object");
  const { format, sensor, handle, privacy, thirdParties, responders, pseudonyms } = json as Record<
    string,
    unknown
  >;
  if (format !== GATEWAY_FORMAT) throw new SyntaxError(`format: expected "${GATEWAY_FORMAT}"`);
  const parties = addresses("thirdParties", thirdParties);
  if (typeof privacy !== "number" || !Number.isInteger(privacy) || privacy < 0 || privacy >= parties.length) {
    throw new SyntaxError("privacy: expected a whole number below that of the third parties");
  }
  return {
    sensor: memberIdentity("sensor", sensor),
    handle: handleFromJson("handle", handle),
    privacy,
    thirdParties: parties,
    responders: addresses("responders", responders, checkResponder),
    ...(pseudonyms !== undefined && { pseudonyms: pseudonymsFromJson(pseudonyms) }),
  };
}

function pseudonymsFromJson(json: unknown): NonNullable<GatewaySensor["pseudonyms"]> {
  const { linkingKey, t } = (json ?? {}) as Record<string, unknown>;
  if (typeof t !== "number" || !Number.isInteger(t) || t < 1) {
    throw new SyntaxError("pseudonyms.t: expected a whole number from 1 on");
  }
  return { linkingKey: linkingKeyFromJson("pseudonyms.linkingKey", linkingKey), t };
}

function checkResponder(text: string): void {
  if (isHttpUrl(text)) checkHttpUrl(text);
  else if (text !== "") parseAddress(text);
}

function addresses(
  member: string,
  value: unknown,
  check: (text: string) => unknown = parseAddress,
): string[] {
  if (!Array.isArray(value)) throw new SyntaxError(`${member}: expected a list`);
  return value.map((text, i) => {
    if (typeof text !== "string") throw new SyntaxError(`${member}[${i}]: expected text`);
    inMember(`${member}[${i}]`, () => check(text));
    return text;
  });
}

function inMember(member: string, read: () => unknown): void {
  try {
    read();
  } catch (error) {
    throw new SyntaxError(`${member}: ${(error as Error).message}`);
  }
}
