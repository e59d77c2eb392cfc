/** Who hears of an enrolment besides the sensor: the third parties' folders, the Responder's entry in them, a gateway. */

import { fromHex, toHex } from "../../protocol/bytes.js";
import { identityFromText, identityToText } from "../../protocol/mikey/identity.js";
import { type GatewaySensor, writeGatewaySensor } from "../gateway/folder.js";
import type { WriteOptions } from "./files.js";
import { addResponder, type ResponderEntry } from "./folders.js";

export interface Others {
  /** Of the third parties, in the policy's order. */
  readonly folders: readonly string[];
  readonly responder?: ResponderEntry;
  readonly gateway?: GatewaySensor & { readonly folder: string };
}

/** The same as JSON: identities as text, bytes in hex. */
export interface OthersJson {
  readonly folders: readonly string[];
  readonly responder?: { readonly identity: string; readonly address: string; readonly certificate: string };
  readonly gateway?: Omit<GatewaySensor, "sensor" | "pseudonyms"> & {
    readonly folder: string;
    readonly sensor: string;
    readonly pseudonyms?: { readonly linkingKey: string; readonly t: number };
  };
}

export function othersToJson({ folders, responder, gateway }: Others): OthersJson {
  return {
    folders,
    ...(responder !== undefined && {
      responder: {
        identity: identityToText(responder.identity),
        address: responder.address,
        certificate: toHex(responder.certificate),
      },
    }),
    ...(gateway !== undefined && { gateway: gatewayToJson(gateway) }),
  };
}

export function othersFromJson({ folders, responder, gateway }: OthersJson): Others {
  return {
    folders,
    ...(responder !== undefined && {
      responder: {
        identity: identityFromText(responder.identity),
        address: responder.address,
        certificate: fromHex(responder.certificate),
      },
    }),
    ...(gateway !== undefined && { gateway: gatewayFromJson(gateway) }),
  };
}

function gatewayToJson({ sensor, pseudonyms, ...rest }: NonNullable<Others["gateway"]>) {
  return {
    ...rest,
    sensor: identityToText(sensor),
    ...(pseudonyms !== undefined && {
      pseudonyms: { ...pseudonyms, linkingKey: toHex(pseudonyms.linkingKey) },
    }),
  };
}

function gatewayFromJson({ sensor, pseudonyms, ...rest }: NonNullable<OthersJson["gateway"]>) {
  return {
    ...rest,
    sensor: identityFromText(sensor),
    ...(pseudonyms !== undefined && {
      pseudonyms: { ...pseudonyms, linkingKey: fromHex(pseudonyms.linkingKey) },
    }),
  };
}

/** Tells the gateway of the sensor, where there is one. */
export function tellGateway({ gateway }: Others, options: WriteOptions): void {
  if (gateway === undefined) return;
  const { folder, ...known } = gateway;
  writeGatewaySensor(folder, known, options);
}

/** Tells the third parties of the Responder, where it is known. */
export function tellOfResponder({ folders, responder }: Others): void {
  if (responder === undefined) return;
  for (const folder of folders) addResponder(folder, responder);
}
