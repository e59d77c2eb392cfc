/**
 * An exchange beside what a user would pick instead: what others have measured, and the same model for the messages
 * and instructions of other protocols.
 */

import { linkModel } from "./links.js";
import type { Wire } from "./messages.js";
import { type Ledger, ledgerOf, type Model } from "./model.js";

export interface Rival {
  readonly name: string;
  /** Measured by others on hardware, or reckoned here. */
  readonly kind: "measured" | "modelled";
  readonly joules: number;
  /** Of key establishment alone, both directions, without link and CoAP; unknown of what others measured. */
  readonly messageBytes?: number;
  /** Of frames, both directions. */
  readonly airBytes: number;
  readonly instructions?: number;
  readonly ledger?: Ledger;
  /** With how far it was followed in front (see currents.ts). */
  readonly source: string;
}

interface Protocol {
  readonly name: string;
  /** Bytes of its messages, the board's first; what it sends and receives takes turns. */
  readonly messages: readonly number[];
  /** Bytes around each: CoAP's, or none over UDP. */
  readonly carrier: number;
  /** How often the board waits for an answer. */
  readonly rounds: number;
  readonly instructions: number;
  readonly source: string;
}

const SIZES = "draft-ietf-iotops-security-protocol-comparison, message sizes with connection ID";
const COUNTED =
  "[unverified] instructions counted once on the same emulator (QEMU mps2-an386, gcc 12.2 -O2), the programs are not kept here";
/** Assumed of CoAP around a message: header, token, path, content format, as of POST /mikey. */
const COAP = 18;

/** What was measured holds what no model here does: an operating system, and waiting with all of it awake. */
const MEASURED =
  "[unverified] RIOT on nRF52840, IEEE 802.15.4, hardware ECC, Otii Arc, n = 20, radio included; figures from notes, the publication was not at hand";

const measured: readonly Rival[] = [
  { name: "EDHOC, static DH (lakers)", kind: "measured", joules: 5.4e-3, airBytes: 289, source: MEASURED },
  {
    name: "DTLS 1.3, raw public keys (wolfSSL)",
    kind: "measured",
    joules: 10.44e-3,
    airBytes: 2240,
    source: MEASURED,
  },
  {
    name: "DTLS 1.3, certificates (wolfSSL)",
    kind: "measured",
    joules: 15.02e-3,
    airBytes: 4147,
    source: MEASURED,
  },
];

const protocols: readonly Protocol[] = [
  {
    name: "EDHOC, static DH, assembly X25519",
    messages: [37, 45, 19],
    carrier: COAP,
    rounds: 1,
    instructions: 1_700_000,
    source: `[confirmed] EDHOC, static DH, raw public keys by kid: ${SIZES}; ${COUNTED}`,
  },
  {
    name: "EDHOC, static DH, portable C",
    messages: [37, 45, 19],
    carrier: COAP,
    rounds: 1,
    instructions: 129_800_000,
    source: `[confirmed] EDHOC, static DH, raw public keys by kid: ${SIZES}; tinycrypt and compact25519, ${COUNTED}`,
  },
  {
    name: "DTLS 1.3 PSK",
    messages: [136, 153, 56],
    carrier: 0,
    rounds: 1,
    instructions: 610_000,
    source: `[confirmed] flights of 136, 153 and 56 bytes: ${SIZES}; of TLS 1.3 PSK, ${COUNTED}`,
  },
  {
    name: "DTLS 1.2 PSK (Mbed TLS 3.6)",
    messages: [91, 90, 91, 90, 90, 90],
    carrier: 0,
    rounds: 3,
    instructions: 440_000,
    source: `[assumed] 542 bytes, seen once, in six even messages; ${COUNTED}`,
  },
];

/**
 * Pre-shared key mode by RFC 3830's formats, no crypto session, AES-CM-128 and HMAC-SHA-1-160, identities of eight bytes:
 * HDR (§6.1), T (§6.6), RAND (§6.11), two IDs (§6.7), KEMAC (§6.2) with a key of 16 bytes (§6.13); HDR, T, ID, V (§6.9).
 */
const HDR = 10;
const T = 2 + 8;
const ID = 4 + 8;
const MIKEY_PSK = [HDR + T + (2 + 16) + 2 * ID + (4 + (4 + 16) + 1 + 20), HDR + T + ID + (2 + 20)];

/** The rows, this project's first. */
export function compare(model: Model): Rival[] {
  const { options, currents, exchange } = model;
  const link = linkModel(options.link);
  const ledger = ({ name, messages, carrier, rounds, instructions }: Protocol) => {
    const wires = messages.map(
      (message, i): Wire => ({
        ...{ name: `message ${i + 1}`, out: i % 2 === 0 },
        ...{ bytes: message + carrier, message },
      }),
    );
    const waiting = { ...options, window: rounds * options.window };
    return ledgerOf(name, wires, instructions, waiting, currents, link);
  };
  const { threshold: k, thirdParties: n } = options;
  const own: Rival = {
    name: `this, ${k} of ${n}, ${options.form === "bundle" ? "one bundle" : "n messages"}`,
    ...{ kind: "modelled", joules: exchange.joules, instructions: exchange.instructions, ledger: exchange },
    messageBytes: exchange.messageBytes,
    airBytes: exchange.airBytes,
    source: "this model, above",
  };
  // One third party's part of the same messages: the pre-shared key mode needs no shares.
  const single: Protocol = {
    name: "MIKEY, pre-shared key (RFC 3830)",
    messages: MIKEY_PSK,
    carrier: COAP,
    rounds: 1,
    instructions: Math.round(options.instructions / n),
    source: `[confirmed] ${MIKEY_PSK.join(" and ")} bytes by the formats of RFC 3830 §6, verification message included; [assumed] 1/${n} of this exchange's instructions`,
  };
  const others = [single, ...protocols].map((protocol): Rival => {
    const one = ledger(protocol);
    const { name, instructions, source } = protocol;
    const { joules, messageBytes, airBytes } = one;
    return { name, kind: "modelled", joules, messageBytes, airBytes, instructions, ledger: one, source };
  });
  // Others have measured this chip on this link only.
  return [own, ...others, ...(options.board === "nrf52" && options.link === "802.15.4" ? measured : [])];
}
