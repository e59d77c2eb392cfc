/** What a simulation is asked to do, and what it finds around it. */

import type { SuiteName } from "../../protocol/mikey/suites.js";
import type { Progress } from "./progress.js";

/** How a sensor reaches the network. */
export const linkNames = ["udp", "slipmux", "gatt"] as const;
export type LinkName = (typeof linkNames)[number];

/** What the firmware runs on. */
export const boardNames = ["linux", "cortex-m4"] as const;
export type BoardName = (typeof boardNames)[number];

/** What a hostile gateway does (hostile.ts). */
export const hostileModes = [
  "read",
  "alter",
  "drop",
  "delay",
  "reorder",
  "replay",
  "swap",
  "answer",
  "equivocate",
] as const;
export type HostileMode = (typeof hostileModes)[number];

export interface Settings {
  readonly thirdParties: number;
  readonly threshold: number;
  readonly privacy: number;
  /** How many third parties are stopped before the sensor starts. */
  readonly lose: number;
  /** How many of the others lie. */
  readonly liars: number;
  /** Whether they plant a key of their own together; else each alters its share. */
  readonly collude: boolean;
  /** The part of all datagrams, over gatt of all notifications, that is lost: 0 to 1. */
  readonly drop: number;
  /** What the sensors run on. */
  readonly board: BoardName;
  /** How the sensors reach the network. */
  readonly link: LinkName;
  /** The part of all bytes on a serial line that arrives as another: 0 to 1. */
  readonly corrupt: number;
  /** Run i (from 0) takes seed + i. */
  readonly seed: number;
  readonly suite: SuiteName;
  /** Seconds. */
  readonly deadline: number;
  readonly repeat: number;
  /** How many sensors take part at a time. */
  readonly parallel: number;
  /** Size of every RSA key. */
  readonly bits: number;
  /** Readings that each sensor sends; without it there is no channel. */
  readonly readings?: number;
  /** How many readings one exchange is for; without it all of them. */
  readonly rekeyEvery?: number;
  /** Whether sensors send bundles to a gateway. */
  readonly gateway: boolean;
  /** Whether each exchange of a sensor has another name on the air. */
  readonly pseudonyms: boolean;
  /** What the gateway does that it should not; absent when it is honest. */
  readonly hostile?: HostileMode;
  /** Whether they sleep between their readings, and collect R_I at the gateway after the first sleep. */
  readonly sleep: boolean;
  /** Whether the gateway reaches the Responder by HTTP. */
  readonly http: boolean;
  /** Where the capture goes, if one is wanted. */
  readonly pcap?: string;
}

/** The programs that the parties are: JavaScript files. */
export interface Programs {
  /** `symbolon`, with its commands third-party and responder. */
  readonly main: string;
  /** A third party that lies; it takes the options of `symbolon third-party`. */
  readonly liar: string;
  /** Starts the firmware on its engine, by board. */
  readonly launch: Readonly<Record<BoardName, string>>;
}

export interface Surroundings {
  readonly programs: Programs;
  readonly progress: Progress;
  /** Ends the simulation early; it then rejects with the signal's reason. */
  readonly signal: AbortSignal;
}
