/** The ways between the parties of a simulation: a relay for each pair that speaks, and the capture of all. */

import { type Cast, GATEWAY, RESPONDER } from "./cast.js";
import { FrameCount } from "./frames.js";
import { HostileGateway } from "./hostile.js";
import { HttpPath } from "./http-path.js";
import { type Line, Network, type Relay } from "./network.js";
import { type Capture, captureAddresses, openCapture } from "./pcap.js";
import type { Settings } from "./settings.js";

export class Paths {
  readonly #settings: Settings;
  readonly #cast: Cast;
  readonly #network: Network;
  readonly #capture: Capture | undefined;
  /** What passes between sensors and their gateway. */
  readonly frames = new FrameCount(GATEWAY);
  /** From the gateway to the Responder; undefined where that is CoAP. */
  readonly http: HttpPath | undefined;
  /** Stands between the gateway and the servers behind it, if it is hostile. */
  readonly hostile: HostileGateway | undefined;
  /** By server, then by client: a third party's begin at a sensor, the Responder's at a third party. */
  readonly #relays = new Map<string, Map<string, Relay>>();

  /** `onError` hears what goes wrong where no caller waits. Throws the file system's error for a capture. */
  constructor(settings: Settings, cast: Cast, onError: (error: Error) => void) {
    this.#settings = settings;
    this.#cast = cast;
    const { drop, pcap, link, hostile } = settings;
    if (hostile !== undefined) this.hostile = new HostileGateway(hostile, cast);
    const { sensors, thirdParties, routers } = cast;
    const between = [...routers.values(), ...(settings.gateway ? [GATEWAY] : [])];
    const addresses = captureAddresses(sensors, thirdParties, RESPONDER, between);
    if (pcap !== undefined) this.#capture = openCapture(pcap, (party) => addresses.get(party) as string);
    if (settings.http) this.http = new HttpPath(GATEWAY, onError);
    this.#network = new Network({
      drop: link === "gatt" ? 0 : drop,
      observers: [
        ...(this.#capture === undefined ? [] : [this.#capture.observe]),
        this.frames.observe,
        ...(this.http === undefined ? [] : [this.http.observe]),
      ],
      ...(this.hostile && { intercept: this.hostile.intercept }),
      onError,
    });
  }

  /** Opens them all; each leads nowhere until its server is there. */
  async open(): Promise<void> {
    const { corrupt, drop, link, readings, gateway } = this.#settings;
    const { sensors, thirdParties, routers } = this.#cast;
    for (const party of thirdParties) {
      await this.#open(party, RESPONDER);
      for (const sensor of sensors) await this.#open(this.#clientFor(sensor), party);
    }
    if (readings !== undefined)
      for (const sensor of sensors) await this.#open(this.#clientFor(sensor), RESPONDER);
    if (gateway) {
      for (const sensor of sensors) await this.#open(this.#clientFor(sensor), GATEWAY);
      for (const server of [...thirdParties, RESPONDER]) await this.#open(GATEWAY, server);
    }
    await this.http?.open();
    const line = { corrupt, drop: link === "gatt" ? drop : 0 };
    for (const [sensor, router] of routers) await this.#open(sensor, router, line);
  }

  /**
   * Where `client`'s requests to `server` go: "host:port", or a URL. A sensor's are its border router's, where it has one.
   */
  address(client: string, server: string): string {
    if (this.http !== undefined && client === GATEWAY && server === RESPONDER) return this.http.url;
    return this.#relay(this.#clientFor(client), server).address;
  }

  /** Where a sensor's line to its border router begins: "host:port"; undefined where it has IP. */
  lineOf(sensor: string): string | undefined {
    const router = this.#cast.routers.get(sensor);
    return router === undefined ? undefined : this.#relay(sensor, router).address;
  }

  /** Where a server listens from now on; undefined: it is gone. */
  connect(server: string, at: { address: string; port: number } | undefined): void {
    for (const relay of this.#relays.get(server)?.values() ?? []) relay.connect(at);
  }

  /**
   * The links of a run begin its seed's streams. Those between third parties and the Responder are common to
   * all sensors; where several take part at a time, these go on with the first seed's.
   */
  reseed(sensor: string, seed: number): void {
    const { sensors, thirdParties, routers } = this.#cast;
    for (const party of thirdParties) {
      this.#relay(this.#clientFor(sensor), party).reseed(seed);
      if (sensors.length === 1) this.#relay(party, RESPONDER).reseed(seed);
    }
    this.#relays.get(RESPONDER)?.get(sensor)?.reseed(seed);
    this.#relays.get(GATEWAY)?.get(sensor)?.reseed(seed);
    const router = routers.get(sensor);
    if (router !== undefined) this.#relay(sensor, router).reseed(seed);
  }

  async close(): Promise<void> {
    this.hostile?.close();
    await this.http?.close();
    this.#network.close();
    this.#capture?.close();
  }

  async #open(client: string, server: string, line?: Line): Promise<void> {
    let paths = this.#relays.get(server);
    if (paths === undefined) {
      paths = new Map();
      this.#relays.set(server, paths);
    }
    paths.set(client, await this.#network.open(client, server, this.#settings.seed, line));
  }

  /** Whose requests third parties see: the sensor's own, or its border router's. */
  #clientFor(party: string): string {
    return this.#cast.routers.get(party) ?? party;
  }

  #relay(client: string, server: string): Relay {
    return this.#relays.get(server)?.get(client) as Relay;
  }
}
