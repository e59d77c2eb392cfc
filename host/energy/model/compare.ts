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
  /** Of key establishment, both directions, without link and CoAP headers. */
  readonly bytes: number;
  readonly instructions?: number;
  readonly ledger?: Ledger;
  readonly source: string;
}

interface Protocol {
  readonly name: string;
  /** Bytes of its messages, the board's first; what it sends and receives takes turns. */
  readonly messages: readonly number[];
  /** How often the board waits for an answer. */
  readonly rounds: number;
  readonly instructions: number;
  readonly source: string;
}

const SIZES = "sizes: draft-ietf-iotops-security-protocol-comparison";
const COUNTED = "instructions counted with QEMU mps2-an386, gcc 12.2 -O2, by this project";
/** Of CoAP around a message: header, token, path, content format, as of POST /mikey. */
const COAP = 18;

/** What was measured holds what no model here does: an operating system, and waiting with all of it awake. */
const MEASURED = "RIOT on nRF52840, IEEE 802.15.4, hardware ECC, Otii Arc, n = 20, radio included";

const measured: readonly Rival[] = [
  { name: "EDHOC, static DH (lakers)", kind: "measured", joules: 5.4e-3, bytes: 101, source: MEASURED },
  {
    name: "DTLS 1.3, raw public keys (wolfSSL)",
    kind: "measured",
    joules: 10.44e-3,
    bytes: 501,
    source: MEASURED,
  },
  {
    name: "DTLS 1.3, certificates (wolfSSL)",
    kind: "measured",
    joules: 15.02e-3,
    bytes: 4147,
    source: `${MEASURED}; bytes on air`,
  },
];

const protocols: readonly Protocol[] = [
  {
    name: "EDHOC, static DH, assembly X25519",
    messages: [37, 45, 19],
    rounds: 1,
    instructions: 1_700_000,
    source: `${SIZES}; ${COUNTED}`,
  },
  {
    name: "EDHOC, static DH, tinycrypt",
    messages: [37, 45, 19],
    rounds: 1,
    instructions: 129_800_000,
    source: `${SIZES}; ${COUNTED}`,
  },
  {
    name: "DTLS 1.3 PSK",
    messages: [115, 115, 115],
    rounds: 1,
    instructions: 610_000,
    source: `${SIZES}: 345 bytes, taken as three even flights; instructions of TLS 1.3 PSK, ${COUNTED}`,
  },
  {
    name: "DTLS 1.2 PSK (Mbed TLS 3.6)",
    messages: [91, 90, 91, 90, 90, 90],
    rounds: 3,
    instructions: 440_000,
    source: `542 bytes, taken as six even messages; ${COUNTED}`,
  },
];

/** The rows, this project's first. */
export function compare(model: Model): Rival[] {
  const { options, currents, exchange } = model;
  const link = linkModel(options.link);
  const ledger = ({ name, messages, rounds, instructions }: Protocol) => {
    const wires = messages.map(
      (bytes, i): Wire => ({ name: `message ${i + 1}`, out: i % 2 === 0, bytes: bytes + COAP }),
    );
    const waiting = { ...options, window: rounds * options.window };
    return ledgerOf(name, wires, instructions, waiting, currents, link);
  };
  const { threshold: k, thirdParties: n } = options;
  const own: Rival = {
    name: `this, ${k} of ${n}, ${options.form === "bundle" ? "one bundle" : "n messages"}`,
    ...{ kind: "modelled", joules: exchange.joules, instructions: exchange.instructions, ledger: exchange },
    bytes: exchange.bytesOut + exchange.bytesIn,
    source: "this model; bytes with CoAP",
  };
  // One third party's part of the same messages: the pre-shared key mode needs no shares.
  const single: Protocol = {
    name: "MIKEY, pre-shared key (RFC 3830)",
    messages: [117, 67],
    rounds: 1,
    instructions: Math.round(options.instructions / n),
    source: `RFC 3830 §3.1 with verification: 117 and 67 bytes; instructions: 1/${n} of this exchange, an estimate`,
  };
  const others = [single, ...protocols].map((protocol): Rival => {
    const one = ledger(protocol);
    const bytes = protocol.messages.reduce((sum, size) => sum + size, 0);
    const { name, instructions, source } = protocol;
    return { name, kind: "modelled", joules: one.joules, bytes, instructions, ledger: one, source };
  });
  // Others have measured this chip on this link only.
  return [own, ...others, ...(options.board === "nrf52" && options.link === "802.15.4" ? measured : [])];
}
