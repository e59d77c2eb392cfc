/**
 * The network between the parties' processes. Every datagram passes a relay on the loopback interface, which
 * decides its fate and tells the observers. A relay stands for the path from one client party to one server
 * party; like a NAT, it gives each of the client's addresses a socket of its own towards the server, so that
 * replies find back.
 */

import { createHash } from "node:crypto";
import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { once } from "node:events";

/** A NAT binding that was silent this long is forgotten: past RFC 7252's EXCHANGE_LIFETIME (247 s). */
const IDLE_MS = 300_000;
const SWEEP_MS = 30_000;
/** Bindings of one relay; the one longest silent makes place for another. */
const MAX_BINDINGS = 64;

/** One direction of a path, between parties. */
export interface Link {
  readonly from: string;
  readonly to: string;
}

/** One datagram on its way, as observers see it. */
export interface Passage extends Link {
  /** Whether it goes from the client to the server, or back. */
  readonly towardsServer: boolean;
  /** The client's UDP port; a party can have several. */
  readonly clientPort: number;
  /** Milliseconds since 1970, with fractions. */
  readonly time: number;
  readonly datagram: Uint8Array;
  /** Whether the network loses it. */
  readonly lost: boolean;
}

export type Observer = (passage: Passage) => void;

/** Sends a datagram on to where another was going, or `back` to who sent that; also later, and more than once. */
export type Send = (datagram: Uint8Array, back?: boolean) => void;

/** Decides what becomes of a datagram that the network has not lost: what it does not send on is gone. */
export type Interceptor = (passage: Passage, send: Send) => void;

/** What passed one link. Lost datagrams count in all three. */
export interface LinkCounts {
  datagrams: number;
  bytes: number;
  lost: number;
}

/**
 * A number in [0, 1) for datagram `index` (from 0) of a link: it depends on nothing but the arguments, so a
 * datagram more on one link changes nothing on another.
 */
export function draw(seed: number, { from, to }: Link, index: number): number {
  const digest = createHash("sha256")
    .update(JSON.stringify([seed, from, to, index]))
    .digest();
  return digest.readUIntBE(0, 6) / 2 ** 48;
}

export interface NetworkOptions {
  /** The part of all datagrams that is lost: 0 to 1. */
  readonly drop: number;
  /** Hears every datagram, lost ones included. */
  readonly observers?: readonly Observer[];
  /** Without it all goes on as it is. */
  readonly intercept?: Interceptor;
  /** Hears what went wrong where no caller waits: a socket's error, an observer's exception. */
  readonly onError: (error: Error) => void;
}

/** What a path is, when it is no part of the network. */
export interface Line {
  /** The part of all bytes that arrives as another: 0 to 1. */
  readonly corrupt: number;
  /** The part of all that the client sends which is lost: 0 to 1. */
  readonly drop: number;
}

/**
 * A copy in which each byte is another with the probability `part`; which ones follows from `start`, a number in
 * [0, 1).
 */
export function corrupted(bytes: Uint8Array, part: number, start: number): Uint8Array {
  // mulberry32
  let state = Math.floor(start * 2 ** 32);
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return bytes.map((byte) => (next() < part ? byte ^ (1 + Math.floor(next() * 255)) : byte));
}

/** All relays of a simulation. */
export class Network {
  readonly #options: NetworkOptions;
  readonly #relays = new Set<Relay>();
  readonly #sweeper: NodeJS.Timeout;

  /** Throws a RangeError when `drop` is not a probability. */
  constructor(options: NetworkOptions) {
    if (!(options.drop >= 0 && options.drop <= 1)) {
      throw new RangeError(`drop: expected 0 to 1, got ${options.drop}`);
    }
    this.#options = options;
    this.#sweeper = setInterval(() => {
      for (const relay of this.#relays) relay.sweep();
    }, SWEEP_MS);
    this.#sweeper.unref();
  }

  /**
   * Opens the path from `client` to `server`, by the parties' names; it leads nowhere until it is connected. What goes
   * over a line is nothing for observers: it is not CoAP over UDP.
   */
  async open(client: string, server: string, seed: number, line?: Line): Promise<Relay> {
    const options = line === undefined ? this.#options : { drop: 0, onError: this.#options.onError };
    const relay = new Relay(client, server, seed, options, line);
    this.#relays.add(relay);
    await relay.listen();
    return relay;
  }

  /** Closes all relays. */
  close(): void {
    clearInterval(this.#sweeper);
    for (const relay of this.#relays) relay.close();
    this.#relays.clear();
  }
}

interface Binding {
  readonly socket: Socket;
  usedAt: number;
}

interface LinkState extends Link, LinkCounts {
  index: number;
}

/** One path: clients send to `port`, datagrams go on to where it is connected. */
export class Relay {
  readonly #socket = createSocket("udp4");
  readonly #options: NetworkOptions;
  /** By the client's "address:port", the one longest silent first. */
  readonly #bindings = new Map<string, Binding>();
  readonly #up: LinkState;
  readonly #down: LinkState;
  readonly #line: Line;
  #seed: number;
  #server: { address: string; port: number } | undefined;
  #closed = false;

  constructor(
    client: string,
    server: string,
    seed: number,
    options: NetworkOptions,
    line: Line = { corrupt: 0, drop: 0 },
  ) {
    this.#seed = seed;
    this.#line = line;
    this.#options = options;
    this.#up = { from: client, to: server, index: 0, datagrams: 0, bytes: 0, lost: 0 };
    this.#down = { from: server, to: client, index: 0, datagrams: 0, bytes: 0, lost: 0 };
  }

  /** Binds the clients' side to a free loopback port. Network.open calls it. */
  async listen(): Promise<void> {
    this.#socket.on("message", (datagram, client) => this.#fromClient(datagram, client));
    this.#socket.bind(0, "127.0.0.1");
    await once(this.#socket, "listening");
    this.#socket.on("error", this.#options.onError);
  }

  /** "127.0.0.1:port", where clients send to. */
  get address(): string {
    return `127.0.0.1:${this.#socket.address().port}`;
  }

  /** Where the server listens from now on; undefined: it is away, and what comes for it goes nowhere. */
  connect(server: { address: string; port: number } | undefined): void {
    this.#server = server;
  }

  /** Both links begin the streams of another seed, at their first datagram. */
  reseed(seed: number): void {
    this.#seed = seed;
    this.#up.index = 0;
    this.#down.index = 0;
  }

  /** What passed since the relay was opened. */
  get counts(): { towardsServer: LinkCounts; towardsClient: LinkCounts } {
    const pick = ({ datagrams, bytes, lost }: LinkState) => ({ datagrams, bytes, lost });
    return { towardsServer: pick(this.#up), towardsClient: pick(this.#down) };
  }

  /** How many client addresses have a socket towards the server. */
  get bindings(): number {
    return this.#bindings.size;
  }

  /** Closes bindings that were silent for `idleMs`. */
  sweep(idleMs = IDLE_MS): void {
    const now = performance.now();
    for (const [key, binding] of this.#bindings) {
      if (now - binding.usedAt >= idleMs) this.#forget(key, binding);
    }
  }

  close(): void {
    this.#closed = true;
    this.#socket.close();
    for (const [key, binding] of this.#bindings) this.#forget(key, binding);
  }

  #fromClient(datagram: Uint8Array, client: RemoteInfo): void {
    this.#pass(this.#up, client, datagram);
  }

  #fromServer(datagram: Uint8Array, sender: RemoteInfo, client: RemoteInfo): void {
    // Like a NAT's filter: nobody but the server can answer on its behalf.
    if (sender.port !== this.#server?.port || sender.address !== this.#server.address) return;
    this.#pass(this.#down, client, datagram);
  }

  /** Sends a datagram on, to the server or to the client. */
  #forward(link: LinkState, client: RemoteInfo, datagram: Uint8Array): void {
    // What was held for long may come when all is over, or the server away.
    if (this.#closed || (link === this.#up && this.#server === undefined)) return;
    const { socket } = this.#binding(client);
    if (link === this.#down) this.#socket.send(datagram, client.port, client.address, this.#sent);
    else socket.send(datagram, this.#server?.port as number, this.#server?.address, this.#sent);
  }

  /** The fate of one datagram. */
  #pass(link: LinkState, client: RemoteInfo, datagram: Uint8Array): void {
    const { observers = [], intercept, onError } = this.#options;
    const { corrupt } = this.#line;
    const drop = link === this.#up ? this.#options.drop + this.#line.drop : this.#options.drop;
    const lot = drop > 0 || corrupt > 0 ? draw(this.#seed, link, link.index) : 1;
    const lost = lot < drop;
    link.index++;
    link.datagrams++;
    link.bytes += datagram.length;
    if (lost) link.lost++;
    const time = performance.timeOrigin + performance.now();
    const { from, to } = link;
    const towardsServer = link === this.#up;
    const passage = { from, to, towardsServer, clientPort: client.port, time, datagram, lost };
    try {
      for (const observe of observers) observe(passage);
    } catch (error) {
      onError(error as Error);
    }
    if (lost) return;
    try {
      if (intercept === undefined) {
        this.#forward(link, client, corrupt > 0 ? corrupted(datagram, corrupt, lot) : datagram);
        return;
      }
      const other = towardsServer ? this.#down : this.#up;
      intercept(passage, (bytes, back = false) => this.#forward(back ? other : link, client, bytes));
    } catch (error) {
      onError(error as Error);
    }
  }

  /** The client's binding, made when there is none, and now the one used last. */
  #binding(client: RemoteInfo): Binding {
    const key = `${client.address}:${client.port}`;
    let binding = this.#bindings.get(key);
    if (binding === undefined) {
      const [oldest] = this.#bindings;
      if (this.#bindings.size >= MAX_BINDINGS) this.#forget(...oldest);
      const socket = createSocket("udp4", (datagram, sender) => this.#fromServer(datagram, sender, client));
      socket.on("error", this.#options.onError);
      socket.bind(0, "127.0.0.1");
      binding = { socket, usedAt: 0 };
    }
    binding.usedAt = performance.now();
    this.#bindings.delete(key);
    this.#bindings.set(key, binding);
    return binding;
  }

  #forget(key: string, binding: Binding): void {
    this.#bindings.delete(key);
    binding.socket.close();
  }

  /** A server that is not there is the sender's to notice, as on any network; anything else is our own fault. */
  readonly #sent = (error: Error | null): void => {
    if (error !== null && (error as NodeJS.ErrnoException).code !== "ECONNREFUSED")
      this.#options.onError(error);
  };
}
