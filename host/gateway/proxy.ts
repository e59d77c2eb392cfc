/**
 * The gateway as a forward-proxy (RFC 7252 §5.7.2): for sensors whose whole messages or readings must pass it, since it
 * is on their only way. It serves the third parties and Responders of its sensors and nobody else, so that it is no open
 * proxy; its answers of its own are 5.02 and 5.04 for servers that can't be reached or are silent, and 5.05.
 */

import type { Message } from "../../protocol/coap/message.js";
import { Codes } from "../../protocol/coap/numbers.js";
import { proxyTarget } from "../../protocol/coap/proxy.js";
import { ForwardProxy } from "../border-router/proxy.js";
import { type Address, formatAddress, parseAddress } from "../coap/address.js";
import { type Answer, bare } from "../coap/answer.js";
import { withoutProxyUri } from "../coap/proxy-uri.js";
import { isHttpUrl } from "../http/client.js";
import type { OnGatewayEvent } from "./events.js";
import type { GatewaySensor } from "./folder.js";

export interface GatewayProxy {
  forward(request: Message): Answer | Promise<Answer>;
  close(): void;
}

/** `sensors` are those that the gateway has now. Rejects when the address can't be had. */
export async function openGatewayProxy(
  listen: Address,
  sensors: () => Iterable<GatewaySensor>,
  onEvent: OnGatewayEvent,
): Promise<GatewayProxy> {
  const proxy = await ForwardProxy.open({
    listen,
    onError: (error, where) => onEvent({ event: "fault", where, reason: error.message }),
  });
  return {
    forward(request) {
      const plain = withoutProxyUri(request);
      const target = plain && proxyTarget(plain.options);
      if (plain === undefined || target === undefined) return bare(Codes.proxyingNotSupported);
      const address = formatAddress({ host: target.host.replace(/^\[|\]$/g, ""), port: target.port });
      return isKnown(sensors(), address) ? proxy.forward(plain) : bare(Codes.forbidden);
    },
    close: () => proxy.close(),
  };
}

function isKnown(sensors: Iterable<GatewaySensor>, address: string): boolean {
  for (const { thirdParties, responders } of sensors) {
    for (const known of [...thirdParties, ...responders]) {
      if (known !== "" && !isHttpUrl(known) && formatAddress(parseAddress(known)) === address) return true;
    }
  }
  return false;
}
