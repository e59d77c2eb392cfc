import assert from "node:assert/strict";
import { oscorePost } from "../../../host/http/client.js";
import { startOscoreServer } from "../../../host/http/server.js";
import { HttpPath } from "../../../host/simulation/http-path.js";
import { fromHex } from "../../../protocol/bytes.js";
import { encodeMessage } from "../../../protocol/coap/message.js";
import { Codes, OptionNumbers, Types } from "../../../protocol/coap/numbers.js";

describe("the HTTP path of a simulation", () => {
  it("tells what arrives as it was sent from what does not", async () => {
    const oscore = fromHex("0900f0f1f2f3");
    const payload = fromHex("fe804f65b6425c7611900def6943535a");
    const onError = (error: unknown) => {
      throw error;
    };
    const server = await startOscoreServer({
      listen: { host: "127.0.0.1", port: 0 },
      onProtected: (_peer, request) => ({ ...request, code: Codes.changed }),
      onError,
    });
    const path = new HttpPath("gateway", onError);
    await path.open();
    path.connect(server.port);
    try {
      const datagram = encodeMessage({
        ...{ type: Types.CON, code: Codes.POST, messageId: 1, token: fromHex("01"), payload },
        options: [{ number: OptionNumbers.oscore, value: oscore }],
      });
      const passage = { towardsServer: true, clientPort: 1, time: 0, datagram, lost: false };
      path.observe({ ...passage, from: "sensor01", to: "gateway" });
      path.observe({ ...passage, from: "sensor02", to: "hospital" });
      const post = (more: object) => oscorePost({ url: path.url, oscore, payload, timeout: 10_000, ...more });
      assert.deepEqual((await post({})).payload, payload);
      await post({});
      await post({ payload: payload.slice(1) });
      await post({ oscore: fromHex("0901f0f1f2f3") });
      assert.deepEqual(path.end("sensor01"), { requests: 4, identical: 2 });
      assert.deepEqual(path.end("sensor02"), { requests: 2, identical: 0 });
    } finally {
      await path.close();
      await server.close();
    }
  });
});
