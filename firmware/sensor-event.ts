/** What the firmware tells while it runs. Names of messages are those of docs/protocol.md. */
export type SensorEvent =
  | {
      readonly event: "message";
      readonly name: "I_TP" | "part" | "bundle";
      readonly from: string;
      readonly to: string;
      readonly bytes: number;
    }
  | {
      readonly event: "refused";
      /** "message" stands for one of the mailbox that can't be read. */
      readonly message: "TP_I" | "R_I" | "bundle" | "trigger" | "request" | "answer" | "message";
      readonly from: string;
      readonly error: number | null;
      readonly reason: string;
    }
  /** The sensor sleeps before it asks for R_I. */
  | { readonly event: "suspended"; readonly t: number }
  | {
      readonly event: "finished";
      readonly agreed: boolean;
      readonly confirmed: boolean;
      /** Fingerprint of the TEK, never the key. */
      readonly tek: string;
      readonly reason?: string;
    };
