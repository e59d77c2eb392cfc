/** Readers of option values. What they refuse is wrong use: commander names the option and exits. */

import { InvalidArgumentError } from "commander";
import { type Identity, identityFromText, identityToText } from "../../protocol/mikey/identity.js";
import { nameOfIdentity } from "../authority/names.js";
import { type Address, formatAddress, parseAddress } from "../coap/address.js";
import { checkHttpUrl } from "../http/client.js";

/** A whole number from `least` to `most`. */
export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < least || value > most) {
      throw new InvalidArgumentError(`Expected a whole number from ${least} to ${most}.`);
    }
    return value;
  };
}

/** A number from `least` to `most`, whole or not. */
export function decimal(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = readDecimal(text);
    if (!(value >= least && value <= most)) {
      throw new InvalidArgumentError(`Expected a number from ${least} to ${most}.`);
    }
    return value;
  };
}

/** Seconds, whole or not. */
export function seconds(text: string): number {
  const value = readDecimal(text);
  if (!(value > 0 && value <= 3600)) {
    throw new InvalidArgumentError("Expected seconds, more than 0 and at most 3600.");
  }
  return value;
}

/** Digits with or without a point; NaN for all else. */
function readDecimal(text: string): number {
  return /^(\d+\.?\d*|\.\d+)$/.test(text) ? Number(text) : Number.NaN;
}

/** An identity that can stand in a certificate. */
export function identity(text: string): Identity {
  return valid(() => {
    const read = identityFromText(text);
    nameOfIdentity(read);
    return read;
  });
}

/** The URL of a server. */
export function httpUrl(text: string): string {
  valid(() => checkHttpUrl(text));
  return text;
}

/** A party, where its folder is, and where it listens. */
export interface Placed {
  readonly identity: Identity;
  readonly folder: string;
  /** host:port */
  readonly address: string;
}

/** ID=DIR@HOST:PORT. An ID may have an "=" or "@" in it; DIR may have an "@". */
export function placed(text: string): Placed {
  const at = text.lastIndexOf("@");
  const equals = text.lastIndexOf("=", at);
  const folder = text.slice(equals + 1, at);
  if (equals < 1 || folder === "") throw new InvalidArgumentError("Expected ID=DIR@HOST:PORT.");
  return {
    identity: identity(text.slice(0, equals)),
    folder,
    address: formatAddress(address(text.slice(at + 1))),
  };
}

/** DIR@HOST:PORT. */
export function folderAt(text: string): Pick<Placed, "folder" | "address"> {
  const at = text.lastIndexOf("@");
  if (at < 1) throw new InvalidArgumentError("Expected DIR@HOST:PORT.");
  return { folder: text.slice(0, at), address: formatAddress(address(text.slice(at + 1))) };
}

/** One more of an option that can be given several times. */
export function another(text: string, previous: readonly Placed[] = []): Placed[] {
  const next = placed(text);
  const name = identityToText(next.identity);
  if (previous.some((party) => identityToText(party.identity) === name)) {
    throw new InvalidArgumentError(`${name} is named twice.`);
  }
  return [...previous, next];
}

/** HOST:PORT, as it was meant: with the port that stands for none. */
export function hostPort(text: string): string {
  return formatAddress(address(text));
}

function address(text: string): Address {
  return valid(() => parseAddress(text));
}

function valid<Value>(read: () => Value): Value {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof RangeError)) throw error;
    throw new InvalidArgumentError(`${error.message}.`);
  }
}
