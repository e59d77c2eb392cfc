/** The service that boards' images have is the one that the border router looks for. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { DOWNSTREAM_UUID, MAX_VALUE, SERVICE_UUID, UPSTREAM_UUID } from "../../protocol/gatt/service.js";

const read = (path: string): string =>
  readFileSync(fileURLToPath(new URL(`../../../boards/moddable/${path}`, import.meta.url)), "utf8");

describe("the GATT service of boards", () => {
  it("has the UUIDs of CoAP over GATT, and values as long as can be", () => {
    const { service } = JSON.parse(read("services/coap.json"));
    const { downstream, upstream } = service.characteristics;
    assert.deepEqual(
      [service.uuid, downstream.uuid, upstream.uuid].map((uuid) => uuid.toLowerCase()),
      [SERVICE_UUID, DOWNSTREAM_UUID, UPSTREAM_UUID],
    );
    assert.deepEqual([downstream.maxBytes, upstream.maxBytes], [MAX_VALUE, MAX_VALUE]);
    assert.equal(upstream.properties, "notify");
  });

  it("is advertised", () => {
    const [, advertised] = /uuid`([^`]+)`/.exec(read("gatt-server.ts")) ?? [];
    assert.equal(advertised?.toLowerCase(), SERVICE_UUID);
  });
});
