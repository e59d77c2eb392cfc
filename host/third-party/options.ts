/** What a third party is made of: whom it knows, and what it keeps. */

import type { ChainStart } from "../../protocol/exchange/chain.js";
import type { ForwardingParty, KnownResponder } from "../../protocol/exchange/forward-message.js";
import type { Policy } from "../../protocol/exchange/policy.js";
import type { AcceptedShare } from "../../protocol/exchange/share-message.js";
import type { Identity } from "../../protocol/mikey/identity.js";
import type { Pseudonyms as SensorPseudonyms } from "../enrolment/pseudonyms.js";
import type { OnEvent } from "../events.js";
import type { Store } from "../store/store.js";
import type { QuestionLimits } from "./questions.js";
import type { SignerOf } from "./signer.js";
import type { Vault } from "./vault.js";

/** What enrolment gave this third party of one sensor. */
export interface SensorEnrolment {
  readonly policy: Policy;
  /** The first PSK, unless it was taken before. */
  readonly start?: ChainStart<Uint8Array> | undefined;
  /** Wipes that PSK where it came from: the store has the chain. */
  taken?(): void;
  /** The enrolment statement, a compact JWS in ASCII. */
  readonly statement: Uint8Array;
  /** How the sensor's bundles name it and its Responders; undefined for one that has no gateway. */
  readonly gateway?: BundleNames;
  /** The same of one whose bundles name it otherwise each time, with a gateway or without. */
  readonly pseudonyms?: SensorPseudonyms;
}

/** What bundles put in the place of names. */
export interface BundleNames {
  readonly handle: number;
  /** In the order that indices mean. */
  readonly responders: readonly Identity[];
}

/** A Responder to which shares may go. */
export interface ResponderEntry extends KnownResponder {
  /** "host:port" */
  readonly address: string;
}

/** Everything with which a share is passed on. */
export interface Passage {
  readonly party: ForwardingParty;
  readonly enrolment: SensorEnrolment;
  readonly responder: ResponderEntry;
}

export interface ThirdPartyOptions {
  readonly party: ForwardingParty;
  /** The same with its present key and certificate, where these change while it runs. */
  current?(): ForwardingParty;
  /** The sensor of that name (identityToText), if it is enrolled here. */
  sensor(name: string): SensorEnrolment | undefined;
  /** All sensors that are enrolled here, by name; the same map as long as none is another. Without it none has pseudonyms. */
  sensors?(): ReadonlyMap<string, SensorEnrolment>;
  /** The sensors whose bundles have this handle: several, if they were enrolled for several gateways. */
  bundled(handle: number): readonly SensorEnrolment[];
  /** The Responder of that name, if it is known here. */
  responder(name: string): ResponderEntry | undefined;
  /** Whom it believes that asks for an exchange; without it, nobody. */
  readonly signer?: SignerOf;
  readonly store: Store;
  /** What the store keeps of PSKs lies under keys of this. */
  readonly vault: Vault;
  readonly onEvent: OnEvent;
  /** Milliseconds for which a Responder is asked about one share. */
  readonly deadline: number;
  /** Milliseconds that one question may take, until it is asked again: the Responder may have lost it. */
  readonly attempt: number;
  readonly limits?: QuestionLimits;
  /**
   * What goes to the Responder in the place of an accepted share; without it the share itself. It is how the
   * simulation lies (simulation/liar.ts). No message, no file and no option of `symbolon third-party` sets it.
   */
  lie?(accepted: AcceptedShare, passage: Passage): AcceptedShare;
}
