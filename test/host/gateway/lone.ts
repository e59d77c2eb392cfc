/** A gateway with a sensor whose third parties do not answer: what it does with a store and a Responder of a test's own. */

import { type CoapResponse, coapRequest } from "../../../host/coap/client.js";
import { startCoapServer } from "../../../host/coap/server.js";
import type { GatewayEvent } from "../../../host/gateway/events.js";
import { Gateway, type GatewayOptions } from "../../../host/gateway/gateway.js";
import { randomSource } from "../../../host/primitives.js";
import { MemoryStore } from "../../../host/store/memory.js";
import { concat, uint } from "../../../protocol/bytes.js";
import { ContentFormats, OptionNumbers } from "../../../protocol/coap/numbers.js";
import { PROFILE } from "../../../protocol/exchange/profile.js";
import { identityFromText } from "../../../protocol/mikey/identity.js";
import { encodeOscoreOption } from "../../../protocol/oscore/option.js";
import { locationOf } from "./scene.js";

export const HANDLE = 5;

export interface Lone {
  readonly address: string;
  readonly events: GatewayEvent[];
  post(bundle: Uint8Array): Promise<CoapResponse>;
  /** The mailbox of a new bundle. */
  box(): Promise<string>;
  /** Request `number` of the sensor to the Responder; with a kid context under a provisional context. */
  send(
    box: string,
    number: number,
    more?: { kidContext?: Uint8Array; bytes?: number },
  ): Promise<CoapResponse>;
  close(): Promise<void>;
}

/** What looks like a bundle of a sensor with two third parties, one of which gets no share. */
export function anyBundle(t: number, handle = HANDLE): Uint8Array {
  const responder = 0;
  const [nonce, rest] = [randomSource(8), randomSource(8 + 16 + 2 * 8)];
  return concat(uint(PROFILE, 1), uint(handle, 2), uint(responder, 1), nonce, uint(t, 4), rest);
}

export async function lone(responder: string, options: Partial<GatewayOptions> = {}): Promise<Lone> {
  const events: GatewayEvent[] = [];
  const sensor = {
    sensor: identityFromText("sensor01"),
    ...{ handle: HANDLE, privacy: 1, thirdParties: ["127.0.0.1:9", "127.0.0.1:9"], responders: [responder] },
  };
  const gateway = new Gateway({
    sensor: (handle) => (handle === HANDLE ? sensor : undefined),
    named: (name) => (name === "sensor01" ? sensor : undefined),
    store: new MemoryStore(),
    onEvent: (event) => void events.push(event),
    ...{ deadline: 1_000, attempt: 500 },
    ...options,
  });
  const server = await startCoapServer({
    routes: gateway.routes,
    onError(error) {
      throw error;
    },
  });
  const { address } = server;
  let t = 0;
  const made: Lone = {
    address,
    events,
    post: (payload) =>
      coapRequest({ address, path: "b", payload, contentFormat: ContentFormats.octetStream }),
    box: async () => locationOf(await made.post(anyBundle(++t))),
    send(box, number, { kidContext, bytes = 40 } = {}) {
      const piv = Uint8Array.of(number);
      const value = encodeOscoreOption({ piv, kid: Uint8Array.of(7), ...(kidContext && { kidContext }) });
      return coapRequest({
        ...{ address, path: box, payload: new Uint8Array(bytes).fill(number) },
        options: [{ number: OptionNumbers.oscore, value }],
        understood: [OptionNumbers.oscore],
      });
    },
    async close() {
      await server.close();
      await gateway.close();
    },
  };
  return made;
}
