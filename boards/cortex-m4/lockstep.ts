/**
 * A run that a seed repeats to the instruction, among servers that keep their own time. What the board does depends on
 * its randomness, on the order and moments of what arrives, and on the addresses that it compares: so the seed
 * gives the first, servers are heard in rounds and in the order in which they are in the enrolment, the board's clock
 * follows from that alone, and addresses are the same each time.
 *
 * A round is one datagram of every server that owes an answer (RFC 7252 §5.2: an acknowledgement or a response). Where
 * one stays silent the round is what came until it was quiet; then this machine's time decides, as it does for timers.
 */

import { toHex } from "../../protocol/bytes.js";
import { decodeMessage } from "../../protocol/coap/message.js";
import { isRequest, isResponse } from "../../protocol/coap/numbers.js";
import type { Datagram, Wake } from "./emulator.js";
import { Outside } from "./outside.js";
import { seededBytes } from "./seeded.js";

/** A server is silent when nothing has come from any for so long. */
const QUIET_MS = 1000;
/** The board's time from one datagram to the next. */
const STEP_MS = 1;
/** What servers are called to the board: addresses of no network (RFC 5737), all of one length. */
const NETWORK = "192.0.2";
const PORT = 5683;

export class Lockstep extends Outside {
  readonly #servers: Servers = new Servers();
  /** Requests that were not answered yet: tokens, and the servers that they went to. */
  readonly #owed = new Map<string, string>();
  /** What has come and was not delivered, by server. */
  readonly #waiting = new Map<string, Datagram[]>();
  #round: Datagram[] = [];
  #arrivedAt = 0;
  #now = 0;
  #stir: (() => void) | undefined;

  constructor(args: readonly string[], seed: string) {
    super(args, seededBytes(`board ${seed}`));
  }

  /** The enrolment names the servers. */
  override read(path: string): Uint8Array | undefined {
    const contents = super.read(path);
    if (contents === undefined || !path.endsWith("/sensor.json")) return contents;
    return new TextEncoder().encode(this.#servers.rename(new TextDecoder().decode(contents)));
  }

  override send(address: string, port: number, datagram: Uint8Array, socket: number): void {
    const message = read(datagram);
    if (message !== undefined && isRequest(message.code)) this.#owed.set(toHex(message.token), address);
    const server = this.#servers.real(address);
    if (server !== undefined) super.send(server.address, server.port, datagram, socket);
    else super.send(address, port, datagram, socket);
  }

  protected override arrived({ address, port, ...rest }: Datagram): void {
    const name = this.#servers.nameOf(address, port);
    // Whom the enrolment does not name is nobody that an exchange is with.
    if (name === undefined) return;
    const waiting = this.#waiting.get(name) ?? [];
    this.#waiting.set(name, [...waiting, { ...rest, address: name, port: PORT }]);
    this.#arrivedAt = performance.now();
    this.#stir?.();
  }

  override async sleep(delay: number | undefined): Promise<Wake> {
    if (this.#round.length === 0) this.#round = await this.#gather(delay);
    const datagram = this.#round.shift();
    if (datagram === undefined) {
      this.#now += delay ?? 0;
      return { now: this.#now };
    }
    const message = read(datagram.bytes);
    if (message !== undefined && isResponse(message.code)) this.#owed.delete(toHex(message.token));
    this.#now += Math.min(STEP_MS, delay ?? STEP_MS);
    return { now: this.#now, datagram };
  }

  /** The next round; empty when the board's timer is due first. */
  async #gather(delay = Number.POSITIVE_INFINITY): Promise<Datagram[]> {
    const due = performance.now() + delay;
    for (;;) {
      const expected = [...new Set(this.#owed.values())];
      const some = this.#waiting.size > 0;
      const all = some && expected.every((name) => this.#waiting.has(name));
      const now = performance.now();
      if (all || (some && now >= this.#arrivedAt + QUIET_MS)) return this.#takeRound();
      if (now >= due && !some) return [];
      await this.#stirred((some ? this.#arrivedAt + QUIET_MS : due) - now);
    }
  }

  /** The oldest of each server, in the servers' order. */
  #takeRound(): Datagram[] {
    const round: Datagram[] = [];
    for (const name of [...this.#waiting.keys()].sort(compareNames)) {
      const [first, ...rest] = this.#waiting.get(name) as Datagram[];
      round.push(first);
      if (rest.length > 0) this.#waiting.set(name, rest);
      else this.#waiting.delete(name);
    }
    return round;
  }

  #stirred(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const wait = Math.min(Math.ceil(milliseconds), 2 ** 31 - 1);
      const timer = setTimeout(resolve, wait);
      this.#stir = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** The enrolment's servers under names that are the same in every run. */
class Servers {
  /** "address:port" by name, in the enrolment's order. */
  readonly #real = new Map<string, string>();

  /** The enrolment with the servers' addresses exchanged. */
  rename(text: string): string {
    const enrolment = JSON.parse(text) as { addresses: string[]; responderAddress?: string };
    const name = (address: string): string => {
      const known = [...this.#real].find(([, real]) => real === address)?.[0];
      const given = known ?? `${NETWORK}.${this.#real.size + 1}`;
      this.#real.set(given, address);
      return `${given}:${PORT}`;
    };
    enrolment.addresses = enrolment.addresses.map(name);
    if (enrolment.responderAddress !== undefined)
      enrolment.responderAddress = name(enrolment.responderAddress);
    return JSON.stringify(enrolment);
  }

  real(name: string): { address: string; port: number } | undefined {
    const [address, port] = this.#real.get(name)?.split(":") ?? [];
    return address === undefined ? undefined : { address, port: Number(port) };
  }

  nameOf(address: string, port: number): string | undefined {
    return [...this.#real].find(([, real]) => real === `${address}:${port}`)?.[0];
  }
}

function compareNames(a: string, b: string): number {
  return Number(a.slice(NETWORK.length + 1)) - Number(b.slice(NETWORK.length + 1));
}

/** A CoAP message; undefined for what is none. */
function read(datagram: Uint8Array): ReturnType<typeof decodeMessage> {
  try {
    return decodeMessage(datagram);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
