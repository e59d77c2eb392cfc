/** What a party says of an exchange, for logs and for whoever watches the process. Never a key. */

import type { Reading } from "./channel/reading.js";
import type { Answer } from "./channel/requests.js";

/** The five messages of profile 1. */
export type MessageName = "I_TP" | "TP_I" | "TP_R" | "R_TP" | "R_I";

export type PartyEvent =
  /** A sensor's reading: T and number name it. See channel/channel.ts. */
  | ({ readonly event: "reading" } & Reading)
  /** A sensor's answer to a request. See channel/requests.ts. */
  | ({ readonly event: "answer" } & Answer)
  | { readonly event: "listening"; readonly address: string; readonly port: number }
  /** What listens besides CoAP; told before "listening" is. */
  | {
      readonly event: "serving";
      readonly what: "http" | "feed";
      readonly address: string;
      readonly port: number;
    }
  /** A message was made. Repeats of the same bytes are not told. */
  | {
      readonly event: "message";
      readonly name: MessageName;
      readonly from: string;
      readonly to: string;
      /** Whose exchange it belongs to. */
      readonly sensor: string;
      readonly bytes: number;
    }
  /** A message was not accepted. `error` is the ERR number, `reason` for this end's log only. */
  | {
      readonly event: "refused";
      readonly message: MessageName | "reading" | "answer" | "trigger";
      readonly from: string;
      readonly error: number | null;
      readonly reason: string;
    }
  /** A third party has vouched for a Responder that asks for an exchange with this T. */
  | { readonly event: "vouched"; readonly sensor: string; readonly t: number; readonly responder: string }
  /** The Responder has rebuilt a key; `tek` is its fingerprint. */
  | {
      readonly event: "agreed";
      readonly sensor: string;
      readonly t: number;
      readonly tek: string;
      /** Third parties whose share, or whose word of the session, does not fit the key; "misfit" says more of each. */
      readonly misfits: readonly string[];
    }
  /**
   * What a third party signed does not fit a key: its share, or its session (another context or check value for
   * the same T). `digest` is the SHA-256 of its TP_R, `evidence` the file that keeps it.
   */
  | {
      readonly event: "misfit";
      readonly sensor: string;
      readonly t: number;
      readonly thirdParty: string;
      readonly what: "share" | "session";
      readonly digest: string;
      readonly evidence: string | null;
      readonly reason: string;
    }
  /** Somebody lied and nobody can be named: too many third parties say something else of the key's T. */
  | {
      readonly event: "undecided";
      readonly sensor: string;
      readonly t: number;
      readonly thirdParties: readonly string[];
      readonly reason: string;
    }
  /** A session of the Responder ended without a key. */
  | {
      readonly event: "expired";
      readonly sensor: string;
      readonly t: number;
      readonly shares: number;
      readonly threshold: number;
      readonly missing: number;
      /** Why there is no key although no share is missing. */
      readonly reason?: string;
    }
  /** An open exchange gave way to others: there was no room for all. */
  | {
      readonly event: "crowded";
      readonly sensor: string;
      readonly t: number;
      /** Whose exchanges were the most: a third party at the Responder, a Responder at a third party, or the sensor. */
      readonly by: string;
    }
  /** Something failed here; whoever asked was told nothing of it. */
  | { readonly event: "fault"; readonly where: string; readonly reason: string };

export type OnEvent = (event: PartyEvent) => void;
