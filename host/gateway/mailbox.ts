/** What stands in a mailbox (mailboxes.ts), and how much of it may. */

export interface Limits {
  /** Mailboxes of one sensor: the latest exchanges; and so many more whose bundle nobody has judged yet. */
  readonly perSensor: number;
  /** Messages that wait in one mailbox, in each direction. */
  readonly messages: number;
  /** Bytes of one message. */
  readonly bytes: number;
  /** Milliseconds after which what nobody came for, or nobody took, is forgotten. */
  readonly age: number;
}

export const LIMITS: Limits = { perSensor: 4, messages: 32, bytes: 1024, age: 7 * 24 * 3600_000 };

/** An exchange of a sensor, and what became of its bundle. */
export interface Mailbox {
  readonly sensor: string;
  readonly handle: number;
  readonly t: number;
  /** The bundle's Responder: an index, or undefined for one that is no gateway's to know. */
  readonly responder?: number;
  readonly digest: string;
  /** The bundle, until all parts are delivered or its time is up. */
  readonly bundle?: Uint8Array;
  /** Until when its parts go out. Unix time in milliseconds, as all here. */
  readonly deadline: number;
  /** Third parties that have answered, 1…n. */
  readonly answered: readonly number[];
  /** Third parties that have found their part good, 1…n. */
  readonly vouched?: readonly number[];
  /** How many must, for one of them to be honest: fewer may lie together. */
  readonly quorum?: number;
  /** Whether so many have: until then it may be anybody's bundle. */
  readonly good: boolean;
  /** The R_I that were put in, in hexadecimal: one, unless a third party lied. */
  readonly confirmations?: readonly string[];
  /** When something last happened to it. */
  readonly used: number;
  /** How many messages were ever put into it. */
  readonly count: number;
}

/** A message for the sensor. */
export interface Item {
  readonly payload: Uint8Array;
  readonly contentFormat: number;
  /** The network (networkOf) that it came from, where that can be anybody's. */
  readonly from?: string;
}

/** A message of the sensor to its Responder, under OSCORE. */
export interface Outgoing {
  /** Value of the OSCORE option. */
  readonly oscore: Uint8Array;
  readonly payload: Uint8Array;
  /** When it was stored. */
  readonly since: number;
}

/** Messages for a sensor of which only so many may wait in a mailbox. */
export interface MessageKind {
  includes(item: Item): boolean;
  readonly most: number;
  /** Of one network. */
  readonly mostOfOne?: number;
  /** What becomes of one more. */
  readonly whenFull: "refuse" | "replace oldest";
}
