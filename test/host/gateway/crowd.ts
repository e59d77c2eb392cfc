/** A crowd at a gateway: bundles that anybody may have made, for third parties of which one is away. In one process. */

import { createSocket } from "node:dgram";
import { setImmediate as turn } from "node:timers/promises";
import type { RouteResponse } from "../../../host/coap/resources.js";
import { startCoapServer } from "../../../host/coap/server.js";
import type { GatewayEvent } from "../../../host/gateway/events.js";
import { Gateway } from "../../../host/gateway/gateway.js";
import type { Store } from "../../../host/store/store.js";
import { Codes, ContentFormats } from "../../../protocol/coap/numbers.js";
import { PART_PATH } from "../../../protocol/exchange/bundle-cut.js";
import { identityFromText } from "../../../protocol/mikey/identity.js";
import { anyBundle } from "./lone.js";

export interface Crowd {
  readonly store: Store;
  readonly count: number;
  /** Sensors that the gateway knows; bundles name one after the other. */
  readonly sensors: number;
  /** Questions to one third party at once. */
  readonly questions?: number;
  onFull?(): void;
}

export interface Crowded {
  readonly opened: number;
  readonly refused: number;
  /** UDP sockets that were open at most. */
  readonly sockets: number;
  /** Parts that third party 2, which is there, was asked about, and bundles that it could have been. */
  readonly asked: number;
}

export async function crowd({ store, count, sensors, questions, onFull }: Crowd): Promise<Crowded> {
  const silent = createSocket("udp4");
  await new Promise<void>((resolve) => {
    silent.bind(0, "127.0.0.1", resolve);
  });
  let asked = 0;
  const present = await startCoapServer({
    routes: {
      [PART_PATH]: {
        contentFormat: ContentFormats.octetStream,
        handler() {
          asked++;
          return { code: Codes.forbidden };
        },
      },
    },
    onError(error) {
      throw error;
    },
  });
  const known = (handle: number) => ({
    sensor: identityFromText(`s-${handle}`),
    ...{ handle, privacy: 1, responders: ["127.0.0.1:9"] },
    thirdParties: [`127.0.0.1:${silent.address().port}`, present.address],
  });
  const gateway = new Gateway({
    sensor: (handle) => (handle < sensors ? known(handle) : undefined),
    named: () => undefined,
    ...{ store, onEvent: (_event: GatewayEvent) => undefined, deadline: 600_000, attempt: 600_000 },
    ...(questions !== undefined && { questions }),
  });
  const seen = { opened: 0, refused: 0 };
  let sockets = 0;
  try {
    for (let i = 0; i < count; i++) {
      const payload = anyBundle(1 + i, i % sensors);
      const response = (await gateway.routes.b.handler({
        ...{ payload, peer: `192.0.2.1:${1 + (i % 60_000)}`, options: [] },
      })) as RouteResponse;
      if (response.code === Codes.created) seen.opened++;
      else seen.refused++;
      if (i % 16 === 15) {
        await turn();
        await turn();
        sockets = Math.max(sockets, process.getActiveResourcesInfo().filter((it) => it === "UDPWrap").length);
      }
    }
    // What the third party that is there says to the last ones.
    for (let i = 0; i < 200; i++) await turn();
    onFull?.();
    return { ...seen, sockets, asked };
  } finally {
    await gateway.close();
    await present.close();
    await new Promise<void>((resolve) => {
      silent.close(resolve);
    });
  }
}
