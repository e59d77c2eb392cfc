/** What a stolen folder of a third party tells: every byte of every file in it, against every PSK that was. */

import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FileError } from "../../../host/enrolment/files.js";
import {
  addResponder,
  enrolmentPath,
  forgetPsk,
  readEnrolments,
  writeEnrolment,
  writeParty,
} from "../../../host/enrolment/folders.js";
import type { PartyEvent } from "../../../host/events.js";
import { primitives, randomSource } from "../../../host/primitives.js";
import { openLmdbStore } from "../../../host/store/lmdb.js";
import type { Store } from "../../../host/store/store.js";
import { thirdPartyFromFolder } from "../../../host/third-party/folder.js";
import { decodeKeys } from "../../../host/third-party/keys.js";
import { ThirdParty } from "../../../host/third-party/third-party.js";
import { FileVault } from "../../../host/third-party/vault.js";
import { ascii, toHex } from "../../../protocol/bytes.js";
import { Codes } from "../../../protocol/coap/numbers.js";
import { policyToJson } from "../../../protocol/exchange/policy.js";
import { begin, pskAt, type World, world } from "./world.js";

const EXCHANGES = 40;

let w: World;
let folder: string;

/** Every file below a folder. */
function files(path: string): string[] {
  return readdirSync(path, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? files(join(path, entry.name)) : [join(path, entry.name)],
  );
}

/** The files that have these bytes somewhere, as they are or written in hexadecimal or base64. */
function holding(secret: Uint8Array): string[] {
  const buffer = Buffer.from(secret);
  const forms = [
    buffer,
    ...[toHex(secret), toHex(secret).toUpperCase(), buffer.toString("base64").slice(0, 21)],
  ].map((form) => Buffer.from(form));
  return files(folder).filter((path) => {
    const contents = readFileSync(path);
    return forms.some((form) => contents.includes(form));
  });
}

/** A store that tells of every state of the keys that was put into it, as old pages may still have it. */
function spied(store: Store, pages: Uint8Array[]): Store {
  return {
    table: (name) => {
      const table = store.table<never>(name);
      const { put } = table;
      table.put = (key, value) => {
        if (name === "keys") pages.push((value as { sealed: Uint8Array }).sealed);
        put.call(table, key, value);
      };
      return table as never;
    },
    transaction: (work) => store.transaction(work),
    close: () => store.close(),
  };
}

describe("a third party's folder", () => {
  before(async function () {
    this.timeout(30_000);
    w = await world();
  });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "symbolon-remanence-"));
    const { certificate, privateKey } = w.parties[0];
    writeParty(folder, { privateKey, chain: [certificate], root: w.authority });
    addResponder(folder, { ...w.hospital, address: "127.0.0.1:1" });
    enrol(w.psks[0]);
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  function enrol(psk: Uint8Array): void {
    const statement = String.fromCharCode(...w.statement);
    const enrolment = { policy: policyToJson(w.policy), psk: toHex(psk), statement };
    writeEnrolment(folder, enrolment, { replace: true });
  }

  interface Run {
    readonly pages: Uint8Array[];
    readonly vault: FileVault;
    readonly events: PartyEvent[];
    take(t: number): Promise<void>;
    close(): Promise<void>;
  }

  async function run(): Promise<Run> {
    const pages: Uint8Array[] = [];
    const events: PartyEvent[] = [];
    const store = await openLmdbStore(join(folder, "state"));
    const vault = new FileVault(join(folder, "state", "vault"));
    const onEvent = (event: PartyEvent) => events.push(event);
    const party = new ThirdParty({
      ...thirdPartyFromFolder(folder, onEvent),
      ...{ store: spied(store, pages), vault, onEvent, deadline: 0, attempt: 0 },
    });
    return {
      pages,
      vault,
      events,
      async take(t) {
        const { code } = await party.receive("", begin(w, t).messages[0]);
        assert.equal(code, Codes.changed, `T ${t}`);
      },
      async close() {
        await party.close();
        await store.close();
        vault.close();
      },
    };
  }

  it("has no PSK that was used, in no file, nor under any key that is left", async function () {
    this.timeout(30_000);
    const pages: Uint8Array[] = [];
    let envelopes = 0;
    for (let t = 1; t <= EXCHANGES; ) {
      const running = await run();
      for (let i = 0; i < EXCHANGES / 2; i++) await running.take(t++);
      pages.push(...running.pages);
      await running.close();
      const vault = readFileSync(join(folder, "state", "vault"));
      const name = ascii("sensor01");
      const opened: Uint8Array[] = [];
      // At any place, not only where a key should be.
      for (let at = 0; at + 16 <= vault.length; at++) {
        for (const sealed of pages) {
          const key = Uint8Array.from(vault.subarray(at, at + 16));
          const bytes = primitives.ccmOpen(key, new Uint8Array(13), name, sealed, 16);
          if (bytes !== undefined) opened.push(bytes);
        }
      }
      assert.equal(opened.length, 1);
      const { next, psk, skipped, open } = decodeKeys(opened[0]);
      assert.deepEqual([next, psk, skipped.size, open.size], [t, pskAt(w, 1, t), 0, 0]);
      envelopes += open.size;
    }
    // Each exchange was stored when it was accepted and when it was answered.
    assert.equal(pages.length, 2 * EXCHANGES);
    assert.equal(envelopes, 0);
    for (let t = 1; t <= EXCHANGES + 1; t++) assert.deepEqual(holding(pskAt(w, 1, t)), [], `PSK of T ${t}`);
    assert.equal(readEnrolments(folder)[0].psk, undefined);
    assert.equal(statSync(join(folder, "state", "vault")).mode & 0o777, 0o600);

    // The search finds what is there.
    const planted = pskAt(w, 1, 7);
    writeFileSync(join(folder, "state", "planted"), Buffer.concat([randomSource(99), planted]));
    assert.deepEqual(holding(planted), [join(folder, "state", "planted")]);
    writeFileSync(join(folder, "state", "planted"), `{"psk":"${toHex(planted)}"}`);
    assert.deepEqual(holding(planted), [join(folder, "state", "planted")]);
  });

  it("would have them in old pages if the database held them as they are", async () => {
    const store = await openLmdbStore(join(folder, "state"));
    const table = store.table<Uint8Array>("psks");
    for (let t = 1; t <= 4; t++) store.transaction(() => table.put("sensor01", pskAt(w, 1, t)));
    await store.close();
    assert.deepEqual(holding(pskAt(w, 1, 3)), [join(folder, "state", "data.mdb")]);
  });

  it("has the first PSK until the sensor comes", async () => {
    const path = enrolmentPath(folder, w.policy.sensor);
    const running = await run();
    assert.deepEqual(holding(w.psks[0]), [path]);
    await running.take(1);
    assert.deepEqual(holding(w.psks[0]), []);
    await running.close();
  });

  it("keeps the PSK of an enrolment that it has not seen yet", () => {
    const path = enrolmentPath(folder, w.policy.sensor);
    const seen = thirdPartyFromFolder(folder, () => {}).sensor("sensor01");
    const other = randomSource(16);
    enrol(other);
    seen?.taken?.();
    assert.equal(seen?.start, undefined);
    assert.deepEqual(holding(other), [path]);
    forgetPsk(path, other);
    assert.deepEqual(holding(other), []);
  });

  it("goes on without a second enrolment after a restart, and not without its keys", async () => {
    const first = await run();
    await first.take(1);
    await first.close();
    const second = await run();
    await second.take(2);
    await second.close();
    writeFileSync(join(folder, "state", "vault"), new Uint8Array(64));
    const third = await run();
    await assert.rejects(third.take(3), /the keys of sensor01 can't be opened: it must be enrolled anew/);
    await third.close();
    rmSync(join(folder, "state"), { recursive: true });
    const fourth = await run();
    await assert.rejects(fourth.take(3));
    const [event] = fourth.events;
    assert.ok(event.event === "refused");
    assert.match(event.reason, /the keys of sensor01 are gone: it must be enrolled anew/);
    await fourth.close();
  });

  it("is refused when others have rights on its keys", async () => {
    await (await run()).close();
    chmodSync(join(folder, "state", "vault"), 0o640);
    assert.throws(
      () => new FileVault(join(folder, "state", "vault")),
      (error) => error instanceof FileError && /its mode must be 0600/.test(error.message),
    );
  });
});
