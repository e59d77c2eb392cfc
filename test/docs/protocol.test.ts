/** docs/protocol.md shows what the code sends. */

import { ok } from "node:assert";
import { readFileSync } from "node:fs";
import { AHEAD, BEHIND, FURTHEST, LOOKS_PER_SECOND, MADE_AT_ONCE } from "../../host/pseudonyms.js";
import { bundleListings, facts, listing, messages } from "./example.js";

describe("docs/protocol.md", () => {
  const page = readFileSync("docs/protocol.md", "utf8");
  for (const [name, message] of messages) {
    it(`shows ${name} as it is sent`, () => {
      ok(page.includes(listing(message)), `expected this listing of ${name}:\n${listing(message)}`);
      ok(page.includes(`${message.length} bytes`), `expected "${message.length} bytes"`);
    });
  }
  for (const [name, { bytes, listing: lines }] of bundleListings) {
    it(`shows ${name} as it is sent`, () => {
      ok(page.includes(lines), `expected this listing of ${name}:\n${lines}`);
      ok(page.includes(`${name}: ${bytes} bytes`), `expected "${name}: ${bytes} bytes"`);
    });
  }
  it("states how far pseudonyms are known", () => {
    ok(
      page.includes(`last ${BEHIND} T and its next ${AHEAD},`) &&
        page.includes(`${FURTHEST.toLocaleString("en")} T ahead`),
    );
    const [made, looks] = [MADE_AT_ONCE, LOOKS_PER_SECOND].map((limit) => limit.toLocaleString("en"));
    ok(
      page.includes(`${made} at a time`) && page.includes(`${looks} sensors are looked through in a second`),
    );
  });
  it("states the example's values, its readings under OSCORE, and the constant of derived shares", () => {
    for (const fact of Object.values(facts)) ok(page.includes(fact), `expected ${fact}`);
  });
});
