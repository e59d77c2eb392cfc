import fc from "fast-check";
import { toHex } from "../../../protocol/bytes.js";
import { CoapClient } from "../../../protocol/coap/client.js";
import { encodeEmpty } from "../../../protocol/coap/message.js";
import { Codes, Types } from "../../../protocol/coap/numbers.js";
import { deepEqual, equal, ok } from "../../support/assert.js";
import { counting, parse, response } from "./client-fixture.js";

describe("CoAP client: over a bad network", () => {
  it("ends every request once, and with its own response when enough arrives", () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ peer: fc.nat({ max: 2 }), mode: fc.nat({ max: 2 }) }), {
          minLength: 1,
          maxLength: 6,
        }),
        fc.array(fc.nat({ max: 7 }), { maxLength: 60 }),
        (requests, fates) => {
          // The first datagrams meet their fates, those after them arrive; MAX_RETRANSMIT losses end nothing.
          const outcomes = simulate(requests, fates, 600_000);
          equal(outcomes.size, requests.length);
          const losses = fates.filter((fate) => fate < 2).length;
          for (const [handle, outcome] of outcomes) {
            if (losses <= 4) equal(outcome, `response ${handle}`);
            else ok([`response ${handle}`, "timeout", "deadline"].includes(outcome), outcome);
          }
        },
      ),
    );
  });

  it("ends every request at its deadline when nothing arrives", () => {
    const requests = [0, 0, 1].map((peer) => ({ peer, mode: 0 }));
    const outcomes = simulate(requests, new Array(200).fill(0), 40_000);
    deepEqual([...outcomes.values()], ["deadline", "deadline", "deadline"]);
  });
});

interface Flying {
  readonly at: number;
  readonly toServer: boolean;
  readonly peer: string;
  readonly datagram: Uint8Array;
}

/**
 * Runs requests against small servers, each of which answers piggybacked (mode 0), by a separate CON (1) or a
 * separate NON that it repeats with each duplicate (2). A fate below 2 loses a datagram, 2 doubles it, others
 * delay it. Returns the outcome of each request.
 */
function simulate(
  requests: readonly { readonly peer: number; readonly mode: number }[],
  fates: readonly number[],
  timeout: number,
): Map<number, string> {
  const coap = new CoapClient({ random: counting() });
  const outcomes = new Map<number, string>();
  const flying: Flying[] = [];
  const fate = fates[Symbol.iterator]();
  const retransmissions = new Map<
    string,
    { count: number; at: number; datagram: Uint8Array; peer: string }
  >();
  let serverMessageId = 0;
  let now = 0;

  const fly = (toServer: boolean, peer: string, datagram: Uint8Array) => {
    const next = fate.next();
    const number = next.done ? 3 : next.value;
    if (number < 2) return;
    flying.push({ at: now + 10 * number, toServer, peer, datagram });
    if (number === 2) flying.push({ at: now + 300, toServer, peer, datagram });
  };
  const act = () => {
    for (const action of coap.take()) {
      if (action.kind === "send") {
        fly(true, action.peer, action.datagram);
      } else {
        ok(!outcomes.has(action.request), "one outcome for each request");
        outcomes.set(
          action.request,
          action.kind === "response" ? `response ${action.message.payload[0]}` : action.reason,
        );
      }
    }
  };
  const serve = (peer: string, datagram: Uint8Array) => {
    const { type, code, messageId, token, payload } = parse(datagram);
    if (code === Codes.empty) {
      retransmissions.delete(`${peer}/${messageId}`);
      return;
    }
    equal(type, Types.CON);
    const mode = payload[1];
    if (mode === 0) {
      fly(false, peer, response(token, { messageId, payload: payload.subarray(0, 1) }));
      return;
    }
    fly(false, peer, encodeEmpty(Types.ACK, messageId));
    const known = [...retransmissions.values()].some(
      (it) => toHex(parse(it.datagram).token) === toHex(token),
    );
    if (known) return;
    const separate = response(token, {
      type: mode === 1 ? Types.CON : Types.NON,
      messageId: ++serverMessageId,
      payload: payload.subarray(0, 1),
    });
    fly(false, peer, separate);
    // A NON is not acknowledged, so this server repeats it without being asked.
    retransmissions.set(`${peer}/${serverMessageId}`, {
      count: 0,
      at: now + 2_500,
      datagram: separate,
      peer,
    });
  };

  requests.forEach(({ peer, mode }, i) => {
    coap.request(0, { peer: `tp${peer}`, path: "mikey", payload: Uint8Array.of(i + 1, mode), timeout });
  });
  act();
  while (outcomes.size < requests.length) {
    const dues = [
      coap.nextWake(),
      ...flying.map((it) => it.at),
      ...[...retransmissions.values()].map((it) => it.at),
    ];
    now = Math.max(now, Math.min(...dues.filter((due) => due !== undefined)));
    ok(now <= 600_000, "every request ends by its deadline");
    for (let i = 0; i < flying.length; ) {
      if (flying[i].at > now) {
        i++;
        continue;
      }
      const [{ toServer, peer, datagram }] = flying.splice(i, 1);
      if (toServer) serve(peer, datagram);
      else coap.receive(now, peer, datagram);
      act();
    }
    for (const [key, it] of retransmissions) {
      if (it.at > now) continue;
      if (++it.count > 4) retransmissions.delete(key);
      else {
        it.at = now + 2_500 * 2 ** it.count;
        fly(false, it.peer, it.datagram);
      }
    }
    coap.tick(now);
    act();
  }
  return outcomes;
}
