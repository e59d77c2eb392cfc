/** A gateway whose Responder is behind HTTP: what reaches it, what comes back, and what waits meanwhile. */

import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { encodeReading } from "../../../firmware/readings.js";
import { primitives } from "../../../host/primitives.js";
import { toHex } from "../../../protocol/bytes.js";
import { Codes, OptionNumbers } from "../../../protocol/coap/numbers.js";
import { restoreConfirmation } from "../../../protocol/exchange/bundle.js";
import {
  confirmedContext,
  confirmedSecrets,
  provisionalContext,
} from "../../../protocol/exchange/channel.js";
import type { SecurityContext } from "../../../protocol/oscore/context.js";
import type { CoapContent } from "../../../protocol/oscore/message.js";
import { protectRequest, unprotectResponse } from "../../../protocol/oscore/protect.js";
import { PATIENCE, type World, world } from "../third-party/world.js";
import { locationOf, type Scene, scene } from "./scene.js";

const nothing = new Uint8Array(0);

function reading(context: SecurityContext, number: number) {
  const payload = encodeReading([{ name: "temperature", unit: "Cel", value: 30 + number, decimals: 0 }]);
  const options = [
    { number: OptionNumbers.uriPath, value: Buffer.from("r") },
    { number: OptionNumbers.contentFormat, value: Uint8Array.of(112) },
  ];
  return protectRequest(primitives, context, number, { code: Codes.POST, options, payload });
}

describe("gateway to HTTP", () => {
  let w: World;
  let s: Scene;
  let arrived: CoapContent[];
  before(async function () {
    this.timeout(30_000);
    w = await world();
  });
  beforeEach(async () => {
    arrived = [];
    s = await scene(w, { onHttp: (request) => arrived.push(request) });
  });
  afterEach(() => s.close());

  const send = (box: string, { message }: ReturnType<typeof reading>) =>
    s.send(box, message.payload, { options: message.options, understood: [OptionNumbers.oscore] });

  const until = async (what: () => boolean) => {
    const end = Date.now() + PATIENCE;
    while (!what()) {
      assert.ok(Date.now() < end, "nothing within the time");
      await sleep(10);
    }
  };

  it("hands on what the sensor sealed, byte for byte, and brings back the Responder's answer", async () => {
    const { waiting, bundle } = s.bundle(1);
    const box = locationOf(await s.post(bundle));
    // One that leaves with the bundle, under the provisional context.
    const early = reading(
      provisionalContext(primitives, "sensor", waiting.session, waiting.provisionalKeys),
      0,
    );
    await send(box, early);
    await until(() => arrived.length === 1);
    const listen = [{ number: OptionNumbers.uriQuery, value: Buffer.from("w=5") }];
    const { payload } = await s.send(box, nothing, { options: listen });
    const finished = waiting.consumeConfirmation(restoreConfirmation(waiting.session, payload));
    const secrets = confirmedSecrets(primitives, finished.keys, finished.confirmation);
    const context = confirmedContext(primitives, "sensor", secrets);

    const first = reading(context, 1);
    const answer = await send(box, first);
    const opened = unprotectResponse(primitives, context, first.binding, { ...answer });
    assert.equal(opened.code, Codes.changed);

    await s.stop("responder");
    const second = reading(context, 2);
    await send(box, second);
    await s.restart();
    await s.startResponder();
    await until(() => s.readings.length === 3);
    assert.deepEqual(
      s.readings.map((it) => "number" in it && it.number),
      [0, 1, 2],
    );
    // The gateway may have asked twice, where an answer came late.
    const bytes = ({ options, payload }: CoapContent) =>
      [...options.map(({ number, value }) => `${number} ${toHex(value)}`), toHex(payload)].join(" ");
    const sealed = [early, first, second].map(({ message }) => bytes(message));
    assert.deepEqual([...new Set(arrived.map(bytes))], sealed);
  });
});
