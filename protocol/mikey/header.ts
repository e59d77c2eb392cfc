/** The common header HDR and its CS ID map (RFC 3830 §6.1, RFC 4563 §5, RFC 6043 §6.1.1). */

import { MapTypes, VERSION } from "./numbers.js";
import type { Reader } from "./reader.js";
import type { Writer } from "./writer.js";

export interface Header {
  readonly dataType: number;
  /** V: the Initiator asks for a verification message. */
  readonly verify: boolean;
  /** PRF func, 7 bits. */
  readonly prf: number;
  /** CSB ID, 4 bytes. */
  readonly csbId: Uint8Array;
  readonly map: CsIdMap;
}

/** The crypto sessions of the bundle; #CS is the number of `sessions`, or `count` in an empty map. */
export type CsIdMap =
  | { readonly type: typeof MapTypes.srtpId; readonly sessions: readonly SrtpSession[] }
  | { readonly type: typeof MapTypes.empty; readonly count: number }
  | { readonly type: typeof MapTypes.genericId; readonly sessions: readonly GenericSession[] };

/** SRTP-ID (RFC 3830 §6.1.1). The CS ID of entry i is i, from 1. */
export interface SrtpSession {
  readonly policy: number;
  readonly ssrc: number;
  readonly roc: number;
}

/** GENERIC-ID (RFC 6043 §6.1.1). */
export interface GenericSession {
  readonly csId: number;
  readonly protocol: number;
  readonly sessionFlag: boolean;
  readonly policies: readonly number[];
  readonly sessionData: Uint8Array;
  readonly spi: Uint8Array;
}

/** No crypto session, as in every message of profile 1. */
export const emptyMap: CsIdMap = { type: MapTypes.empty, count: 0 };

/** Reads HDR and says which payload comes next. */
export function readHeader(reader: Reader): { header: Header; next: number } {
  reader.payload = "HDR";
  const version = reader.uint("version", 1);
  if (version !== VERSION) throw reader.error(`version ${version} is not MIKEY's ${VERSION}`);
  const dataType = reader.uint("data type", 1);
  const next = reader.uint("next payload", 1);
  const [verify, prf] = reader.split("V", "PRF func", 1, 7);
  const csbId = reader.take("CSB ID", 4);
  const count = reader.uint("#CS", 1);
  const map = readMap(reader, count);
  return { header: { dataType, verify: verify === 1, prf, csbId, map }, next };
}

export function writeHeader(writer: Writer, header: Header, next: number): void {
  const { dataType, verify, prf, csbId, map } = header;
  if (csbId.length !== 4) throw new RangeError(`CSB ID: expected 4 bytes, got ${csbId.length}`);
  writer.uint("version", 1, VERSION);
  writer.uint("data type", 1, dataType);
  writer.uint("next payload", 1, next);
  writer.split("V", "PRF func", 1, 7, [verify ? 1 : 0, prf]);
  writer.put(csbId);
  writer.uint("#CS", 1, map.type === MapTypes.empty ? map.count : map.sessions.length);
  writer.uint("CS ID map type", 1, map.type);
  if (map.type === MapTypes.srtpId) {
    for (const session of map.sessions) {
      writer.uint("policy", 1, session.policy);
      writer.uint("SSRC", 4, session.ssrc);
      writer.uint("ROC", 4, session.roc);
    }
  } else if (map.type === MapTypes.genericId) {
    for (const session of map.sessions) {
      writer.uint("CS ID", 1, session.csId);
      writer.uint("Prot type", 1, session.protocol);
      writer.split("S", "#P", 1, 7, [session.sessionFlag ? 1 : 0, session.policies.length]);
      for (const policy of session.policies) writer.uint("policy", 1, policy);
      writer.prefixed("session data", 2, session.sessionData);
      writer.prefixed("SPI", 1, session.spi);
    }
  }
}

function readMap(reader: Reader, count: number): CsIdMap {
  const type = reader.uint("CS ID map type", 1);
  if (type === MapTypes.srtpId) {
    const sessions: SrtpSession[] = [];
    for (let i = 0; i < count; i++) {
      const policy = reader.uint("policy", 1);
      const ssrc = reader.uint("SSRC", 4);
      sessions.push({ policy, ssrc, roc: reader.uint("ROC", 4) });
    }
    return { type, sessions };
  }
  if (type === MapTypes.empty) return { type, count };
  if (type === MapTypes.genericId) {
    const sessions: GenericSession[] = [];
    for (let i = 0; i < count; i++) {
      const csId = reader.uint("CS ID", 1);
      const protocol = reader.uint("Prot type", 1);
      const [flag, policyCount] = reader.split("S", "#P", 1, 7);
      const policies: number[] = [];
      for (let p = 0; p < policyCount; p++) policies.push(reader.uint("policy", 1));
      const sessionData = reader.prefixed("session data", 2);
      const spi = reader.prefixed("SPI", 1);
      sessions.push({ csId, protocol, sessionFlag: flag === 1, policies, sessionData, spi });
    }
    return { type, sessions };
  }
  // The map has no length of its own, so nothing behind an unknown one can be found.
  throw reader.error(`CS ID map type ${type} is not known`);
}
