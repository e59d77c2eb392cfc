/** What a gateway says, for its log. It has no secret to tell; what it carries is not shown either. */

export type GatewayEvent =
  | { readonly event: "listening"; readonly address: string; readonly port: number }
  /** A sensor's bundle was stored, and its parts go out. `bytes` is its length. */
  | { readonly event: "bundle"; readonly sensor: string; readonly t: number; readonly bytes: number }
  /** A third party has answered. */
  | {
      readonly event: "answered";
      readonly sensor: string;
      readonly t: number;
      /** Its index, 1…n. */
      readonly x: number;
      /** Whether R_I was in the answer. */
      readonly confirmed: boolean;
    }
  /** A sensor's request to its Responder was stored. */
  | { readonly event: "stored"; readonly sensor: string; readonly bytes: number }
  /** Such a request has reached the Responder. */
  | { readonly event: "forwarded"; readonly sensor: string; readonly code: string }
  /** Something waits for the sensor. */
  | { readonly event: "waiting"; readonly sensor: string; readonly bytes: number }
  /** The sensor has said that it has it. */
  | { readonly event: "collected"; readonly sensor: string; readonly count: number }
  /** The third parties `by` (their indices) vouch for a Responder that asks for an exchange with this T. */
  | {
      readonly event: "vouched";
      readonly sensor: string;
      readonly t: number;
      readonly from: string;
      readonly by: readonly number[];
    }
  /** Something was not taken, or is kept no longer. */
  | { readonly event: "dropped"; readonly sensor: string; readonly what: string; readonly reason: string }
  | { readonly event: "refused"; readonly from: string; readonly reason: string }
  | { readonly event: "fault"; readonly where: string; readonly reason: string };

export type OnGatewayEvent = (event: GatewayEvent) => void;
