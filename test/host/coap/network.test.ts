import assert from "node:assert/strict";
import fc from "fast-check";
import { networkOf } from "../../../host/coap/network.js";

describe("networks of addresses", () => {
  it("are the /64 of IPv6 however it is written, and the address of IPv4", () => {
    const cases: [string, string][] = [
      ["192.0.2.1", "192.0.2.1"],
      ["::ffff:192.0.2.1", "192.0.2.1"],
      ["2001:db8::1", "2001:db8:0:0::/64"],
      ["2001:0DB8:0000:0000:ffff:1:2:3", "2001:db8:0:0::/64"],
      ["2001:db8:0:1::1", "2001:db8:0:1::/64"],
      ["2001:db8:1:2:3::", "2001:db8:1:2::/64"],
      ["::1", "0:0:0:0::/64"],
      ["::", "0:0:0:0::/64"],
      ["64:ff9b::192.0.2.1", "64:ff9b:0:0::/64"],
      ["fe80::1%eth0", "fe80:0:0:0::/64%eth0"],
      ["fe80::2%eth1", "fe80:0:0:0::/64%eth1"],
      ["gateway.example", "gateway.example"],
    ];
    for (const [address, network] of cases) assert.equal(networkOf(address), network, address);
  });

  it("are one for all addresses of a /64, and another for those of another", () => {
    const group = fc.integer({ min: 0, max: 0xffff }).map((it) => it.toString(16));
    const half = fc.array(group, { minLength: 4, maxLength: 4 });
    fc.assert(
      fc.property(half, half, half, half, (prefix, other, a, b) => {
        const network = networkOf([...prefix, ...a].join(":"));
        assert.equal(networkOf([...prefix, ...b].join(":")), network);
        const same = prefix.join() === other.join();
        assert.equal(networkOf([...other, ...a].join(":")) === network, same);
      }),
    );
  });
});
