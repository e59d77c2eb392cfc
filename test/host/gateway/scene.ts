/** A gateway between a sensor and three third parties with their Responder: all real, on loopback, in this process. */

import { Channel } from "../../../host/channel/channel.js";
import { type CoapResponse, coapRequest } from "../../../host/coap/client.js";
import type { Routes } from "../../../host/coap/resources.js";
import { type CoapServer, startCoapServer } from "../../../host/coap/server.js";
import type { PartyEvent } from "../../../host/events.js";
import type { GatewayEvent } from "../../../host/gateway/events.js";
import { Gateway, type GatewayOptions } from "../../../host/gateway/gateway.js";

import type { HttpListener } from "../../../host/http/listen.js";
import { startOscoreServer } from "../../../host/http/server.js";
import { primitives } from "../../../host/primitives.js";
import { MemoryStore } from "../../../host/store/memory.js";
import type { Store } from "../../../host/store/store.js";
import { responderSigner } from "../../../host/third-party/signer.js";
import { ThirdParty } from "../../../host/third-party/third-party.js";
import { MemoryVault } from "../../../host/third-party/vault.js";
import { ContentFormats, OptionNumbers } from "../../../protocol/coap/numbers.js";
import { findOption } from "../../../protocol/coap/options.js";
import type { TransmissionParameters } from "../../../protocol/coap/transmission.js";
import { createBundle } from "../../../protocol/exchange/bundle.js";
import { PART_PATH } from "../../../protocol/exchange/bundle-cut.js";
import { fingerprint } from "../../../protocol/exchange/fingerprint.js";
import type { WaitingInitiator } from "../../../protocol/exchange/initiator.js";
import type { Policy } from "../../../protocol/exchange/policy.js";
import { withPseudonym } from "../../../protocol/exchange/pseudonym.js";
import { VOUCH_PATH } from "../../../protocol/exchange/trigger.js";
import type { CoapContent } from "../../../protocol/oscore/message.js";
import { ownHost } from "../own-host.js";
import { stand } from "../responder/forwarding.js";
import { begin, known, presented, stated, type World } from "../third-party/world.js";

export const HANDLE = 0x0102;

export interface Scene {
  readonly policy: Policy;
  /** What the Responder delivered to its application. */
  readonly readings: PartyEvent[];
  readonly gatewayEvents: GatewayEvent[];
  /** "host:port" of the gateway now. */
  readonly gateway: string;
  readonly store: Store;
  /** Where the third parties and the Responder are. */
  readonly thirdParties: readonly string[];
  readonly responder: string;
  /** Fingerprints of the keys that the Responder has agreed on, by T. */
  readonly agreed: ReadonlyMap<number, string>;
  /** Begins an exchange and makes its bundle. */
  bundle(t: number): { waiting: WaitingInitiator; bundle: Uint8Array };
  send(
    path: string,
    payload: Uint8Array,
    more?: Partial<Parameters<typeof coapRequest>[0]>,
  ): Promise<CoapResponse>;
  post(bundle: Uint8Array): Promise<CoapResponse>;
  /** Ends the gateway, as a crash would as far as its store goes, and starts another on the same store. */
  restart(): Promise<void>;
  stop(what: "responder" | "party-01" | "party-02" | "party-03"): Promise<void>;
  startResponder(): Promise<void>;
  close(): Promise<void>;
}

export interface SceneOptions {
  readonly gateway?: Partial<GatewayOptions>;
  /** Of the message layer of all servers. */
  readonly parameters?: Partial<TransmissionParameters>;
  /** Gives the sensor pseudonyms under this key. */
  readonly linkingKey?: Uint8Array;
  /** Has the gateway reach the Responder by HTTP; hears what arrives there. */
  onHttp?(request: CoapContent): void;
}

export async function scene(w: World, options: SceneOptions = {}): Promise<Scene> {
  const { linkingKey } = options;
  const policy: Policy = { ...w.policy, suite: "aes-ccm-128-8" };
  const statement = await stated(w.authority, policy);
  const servers = new Map<string, { server: CoapServer; close(): Promise<void> | void }>();
  const readings: PartyEvent[] = [];
  const gatewayEvents: GatewayEvent[] = [];
  const agreed = new Map<number, string>();
  const store = options.gateway?.store ?? new MemoryStore();

  const serve = async (
    name: string,
    party: { routes: Routes; close(): Promise<void> | void },
    more: Partial<Parameters<typeof startCoapServer>[0]> = {},
  ): Promise<string> => {
    const server = await startCoapServer({
      routes: party.routes,
      onError: (error) => {
        throw error;
      },
      ...(options.parameters && { parameters: options.parameters }),
      ...more,
    });
    servers.set(name, { server, close: () => party.close() });
    return server.address;
  };

  const responderStore = new MemoryStore();
  const host = ownHost();
  let responderPort = 0;
  let http: HttpListener | undefined;
  const startResponder = async () => {
    const channel = new Channel({
      store: responderStore,
      onEvent: () => undefined,
      hold: 20_000,
      onReading: (reading) => void readings.push({ event: "reading", ...reading }),
    });
    const { responder } = await stand(w, {
      store: responderStore,
      newSenderId: () => channel.newSenderId(),
      onAgreed(session, keys, confirmation) {
        agreed.set(session.t, fingerprint(primitives, keys));
        channel.agreed(session, keys, confirmation);
      },
    });
    const address = await serve(
      "responder",
      {
        routes: {
          mikey: {
            contentFormat: ContentFormats.mikey,
            handler: ({ peer, payload }) => responder.receive(peer, payload),
          },
        },
        async close() {
          await http?.close();
          channel.close();
          responder.close();
        },
      },
      { host, port: responderPort, onProtected: (peer, request) => channel.receive(peer, request) },
    );
    responderPort = servers.get("responder")?.server.port as number;
    if (options.onHttp !== undefined) {
      http = await startOscoreServer({
        listen: { host, port: http?.port ?? 0 },
        onProtected(peer, request) {
          options.onHttp?.(request);
          return channel.receive(peer, request);
        },
        onError(error) {
          throw error;
        },
      });
    }
    return address;
  };
  const responderAddress = await startResponder();

  const thirdParties: string[] = [];
  for (const [i, certified] of w.parties.entries()) {
    const enrolment = {
      policy,
      start: { t: 1, keys: w.psks[i] },
      statement,
      gateway: { handle: HANDLE, responders: [w.hospital.identity] },
      ...(linkingKey !== undefined && { pseudonyms: { linkingKey, responders: [w.hospital.identity] } }),
    };
    const enrolled = new Map([["sensor01", enrolment]]);
    const party = new ThirdParty({
      party: presented(certified),
      sensor: (name) => enrolled.get(name),
      sensors: () => enrolled,
      bundled: (handle) => (handle === HANDLE && linkingKey === undefined ? [enrolment] : []),
      responder: () => ({ ...known(w.hospital), address: responderAddress }),
      signer: responderSigner(w.authority, (name) => name === "hospital"),
      store: new MemoryStore(),
      vault: new MemoryVault(),
      onEvent: () => undefined,
      deadline: 4_000,
      attempt: 1_000,
    });
    thirdParties.push(
      await serve(`party-0${i + 1}`, {
        routes: {
          mikey: {
            contentFormat: ContentFormats.mikey,
            handler: ({ peer, payload }) => party.receive(peer, payload),
          },
          [PART_PATH]: {
            contentFormat: ContentFormats.octetStream,
            handler: ({ peer, payload }) => party.receivePart(peer, payload),
          },
          [VOUCH_PATH]: {
            contentFormat: ContentFormats.octetStream,
            admission: true,
            handler: ({ peer, payload }) => party.vouch(peer, payload),
          },
        },
        close: () => party.close(),
      }),
    );
  }

  const sensor = {
    sensor: policy.sensor,
    handle: HANDLE,
    privacy: policy.privacy,
    thirdParties,
    responders: [http === undefined ? responderAddress : `http://${http.address}/`],
    ...(linkingKey !== undefined && { pseudonyms: { linkingKey, t: 1 } }),
  };
  const sensors = new Map([[HANDLE, sensor]]);
  const startGateway = async () => {
    const gateway = new Gateway({
      sensor: (handle) => sensors.get(handle),
      named: (name) => (name === "sensor01" ? sensor : undefined),
      sensors: () => sensors,
      store,
      onEvent: (event) => void gatewayEvents.push(event),
      deadline: 5_000,
      attempt: 500,
      ...options.gateway,
    });
    await serve("gateway", gateway);
  };
  await startGateway();
  const stop = async (what: string) => {
    const it = servers.get(what);
    servers.delete(what);
    await it?.server.close();
    await it?.close();
  };
  const address = () => servers.get("gateway")?.server.address as string;
  const made: Scene = {
    policy,
    readings,
    gatewayEvents,
    store,
    thirdParties,
    responder: responderAddress,
    agreed,
    get gateway() {
      return address();
    },
    bundle(t) {
      const waiting = begin(w, t, { policy });
      const { session, nonce, messages } = waiting;
      const bundle = createBundle(session, nonce, messages, HANDLE, [w.hospital.identity]);
      if (linkingKey === undefined) return { waiting, bundle };
      return { waiting, bundle: withPseudonym(primitives, bundle, linkingKey, t) };
    },
    send: (path, payload, more = {}) => coapRequest({ address: address(), path, payload, ...more }),
    post: (bundle) => made.send("b", bundle, { contentFormat: ContentFormats.octetStream }),
    async restart() {
      await stop("gateway");
      await startGateway();
    },
    stop,
    startResponder: async () => void (await startResponder()),
    async close() {
      for (const name of [...servers.keys()]) await stop(name);
    },
  };
  return made;
}

/** Uri-Path of the mailbox that a 2.01 names. */
export function locationOf({ options }: CoapResponse): string {
  return options
    .filter(({ number }) => number === OptionNumbers.locationPath)
    .map(({ value }) => Buffer.from(value).toString("ascii"))
    .join("/");
}

/** The number of a collected message. */
export function tagOf({ options }: CoapResponse): number | undefined {
  const tag = findOption(options, OptionNumbers.eTag);
  return tag?.[0];
}
