/**
 * A third party and a Responder as processes under floods of what nobody has signed: exchanges go on, no
 * public-key operation is spent on it, and memory is as it was.
 */

import assert from "node:assert/strict";
import { createSocket, type Socket } from "node:dgram";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { coapRequest } from "../../host/coap/client.js";
import { makeEnrolment, writeMadeEnrolment } from "../../host/enrolment/enrol.js";
import { addResponder, writeParty } from "../../host/enrolment/folders.js";
import { type PartyEvent, PartyProcess, programFile } from "../../host/simulation/process.js";
import { ascii, fromHex, writeUint } from "../../protocol/bytes.js";
import { encodeBlock } from "../../protocol/coap/block.js";
import { encodeMessage } from "../../protocol/coap/message.js";
import { Codes, ContentFormats, OptionNumbers } from "../../protocol/coap/numbers.js";
import { FinishedInitiator } from "../../protocol/exchange/initiator.js";
import type { Policy } from "../../protocol/exchange/policy.js";
import { post } from "../host/coap/endpoint.js";
import { forward } from "../host/responder/forwarding.js";
import { begin, type World, world } from "../host/third-party/world.js";
import type { Metered } from "./flood-meter.js";

const GARBAGE = 50_000;
const UNAUTHENTICATED = 5_000;
/** Datagrams to each party between two pauses: a flood that the kernel drops tests nothing. */
const VOLLEY = 50;
const PARTIES = ["party-01", "party-02"];
const START = 30_000;
/** Bytes that a process may hold more than before: what LMDB and the JIT keep of any work. */
const MEMORY = 8 * 1024 * 1024;

const meter = new URL("flood-meter.js", import.meta.url).href;

describe("system: floods", function () {
  this.timeout(180_000);

  let w: World;
  let folder: string;
  let hospital: PartyProcess;
  let parties: PartyProcess[];
  let attacker: Socket;
  const addresses = new Map<string, string>();
  let t = 0;
  /** Bytes that went from the attacker, and to it. */
  const traffic = { sent: 0, received: 0 };

  before(async () => {
    const prepared = await world();
    folder = mkdtempSync(join(tmpdir(), "symbolon-flood-"));
    const policy: Policy = { ...prepared.policy, thirdParties: prepared.policy.thirdParties.slice(0, 2) };
    const folders = PARTIES.map((name) => join(folder, name));
    const own = join(folder, "hospital");
    const { hospital: responder, authority: root } = prepared;
    for (const [i, party] of [...prepared.parties.slice(0, 2), responder].entries()) {
      const place = folders[i] ?? own;
      mkdirSync(place);
      writeParty(place, { privateKey: party.privateKey, chain: [party.certificate], root });
    }
    const made = await makeEnrolment(root, {
      policy,
      responder: responder.identity,
      addresses: PARTIES.map(() => "127.0.0.1:1"),
      ...{ deadline: 20, days: 1, now: Date.now() },
    });
    writeMadeEnrolment(made, policy, join(folder, "sensor.json"), folders);
    w = {
      ...prepared,
      policy,
      statement: ascii(made.thirdParties[0].statement),
      psks: made.sensor.psks.map(fromHex),
    };
    hospital = await start("hospital", "responder", own);
    for (const place of folders) {
      addResponder(place, { ...responder, address: addresses.get("hospital") as string });
    }
    parties = await Promise.all(PARTIES.map((name, i) => start(name, "third-party", folders[i])));
    attacker = createSocket("udp4");
    attacker.on("message", ({ length }) => {
      traffic.received += length;
    });
    await new Promise<void>((resolve) => {
      // Another host than the third parties'.
      attacker.bind(0, "127.0.0.2", resolve);
    });
  });

  after(async () => {
    attacker.close();
    await Promise.all([hospital, ...parties].map((party) => party.stop()));
    rmSync(folder, { recursive: true, force: true });
  });

  async function start(name: string, command: string, place: string): Promise<PartyProcess> {
    const before = process.env.NODE_OPTIONS;
    process.env.NODE_OPTIONS = `--import ${meter}`;
    try {
      const party = new PartyProcess({
        name,
        script: programFile("host/cli/main.js"),
        args: [command, "--dir", place, "--listen", "127.0.0.1:0"],
      });
      const { port } = await party.waitFor("listening", ({ event }) => event === "listening", START);
      addresses.set(name, `127.0.0.1:${port}`);
      return party;
    } finally {
      if (before === undefined) delete process.env.NODE_OPTIONS;
      else process.env.NODE_OPTIONS = before;
    }
  }

  async function metered(party: PartyProcess): Promise<Metered> {
    const told = party.waitFor("figures", ({ event }: PartyEvent) => event === "metered", START);
    process.kill(party.pid as number, "SIGUSR2");
    return (await told) as unknown as Metered;
  }

  /** An honest exchange; throws when it does not end with a key. */
  async function exchange(): Promise<void> {
    const begun = begin(w, ++t);
    const answers = await Promise.all(
      PARTIES.map((name, i) =>
        coapRequest({
          address: addresses.get(name) as string,
          path: "mikey",
          payload: begun.messages[i],
          contentFormat: ContentFormats.mikey,
          timeout: 60_000,
        }),
      ),
    );
    const agreed = answers.some(
      ({ payload }, i) => begun.consumeVerification(i + 1, payload) instanceof FinishedInitiator,
    );
    assert.ok(agreed, `T ${t}`);
  }

  /** Sends so many datagrams to a party while exchanges go on; how many of these ended meanwhile. */
  async function flood(name: string, count: number, datagram: (i: number) => Uint8Array): Promise<number> {
    const port = Number((addresses.get(name) as string).split(":")[1]);
    let over = false;
    let exchanges = 0;
    const honest = (async () => {
      do {
        await exchange();
        exchanges++;
      } while (!over);
    })();
    for (let sent = 0; sent < count; sent += VOLLEY) {
      for (let i = sent; i < sent + VOLLEY; i++) attack(datagram(i), port);
      await sleep(1);
    }
    over = true;
    await honest;
    return exchanges;
  }

  function attack(datagram: Uint8Array, port: number): void {
    traffic.sent += datagram.length;
    attacker.send(datagram, port, "127.0.0.1");
  }

  const bytes = (length: number) => Uint8Array.from({ length }, () => Math.floor(Math.random() * 256));

  /** Anything: every other one with the version and the code of a CoAP request. */
  function garbage(i: number): Uint8Array {
    const datagram = bytes(1 + (i % 200));
    if (i % 2 === 0 && datagram.length > 4) {
      datagram[0] = 0x40 | (datagram[0] & 0x18);
      datagram[1] = 1 + (i % 4);
    }
    return datagram;
  }

  /** A message of another ID each time, so that none is a duplicate. */
  function posted(i: number, payload: Uint8Array, block1?: Uint8Array): Uint8Array {
    const token = new Uint8Array(4);
    writeUint(token, 0, 4, i);
    const { options } = post();
    const block = block1 === undefined ? [] : [{ number: OptionNumbers.block1, value: block1 }];
    return encodeMessage(post({ messageId: i & 0xffff, token, options: [...options, ...block], payload }));
  }

  /** What a party spent on a flood beyond the exchanges that went on meanwhile. */
  async function spent(party: PartyProcess, work: () => Promise<number>): Promise<Omit<Metered, "memory">> {
    // What one exchange costs, once statements are known.
    await exchange();
    const first = await metered(party);
    await exchange();
    const before = await metered(party);
    const exchanges = await work();
    assert.ok(exchanges > 0);
    const { privateKey, publicKey, memory } = await metered(party);
    assert.ok(memory - before.memory < MEMORY, `${party.name} holds ${memory - before.memory} bytes more`);
    return {
      privateKey: privateKey - before.privateKey - exchanges * (before.privateKey - first.privateKey),
      publicKey: publicKey - before.publicKey - exchanges * (before.publicKey - first.publicKey),
    };
  }

  /** Certificates are checked anew from time to time, whatever comes. */
  const NOW_AND_THEN = 20;
  function spentNothing({ privateKey, publicKey }: Omit<Metered, "memory">): void {
    assert.equal(privateKey, 0);
    assert.ok(publicKey < NOW_AND_THEN, `${publicKey} public-key operations`);
  }

  it(`${GARBAGE} datagrams of garbage: a third party`, async () => {
    spentNothing(await spent(parties[0], () => flood(PARTIES[0], GARBAGE, garbage)));
  });

  it(`${GARBAGE} datagrams of garbage: the Responder`, async () => {
    spentNothing(await spent(hospital, () => flood("hospital", GARBAGE, garbage)));
  });

  it(`${UNAUTHENTICATED} I_TP that no PSK stands behind`, async () => {
    const message = begin(w, t + 8).messages[0];
    const forged = (i: number) => {
      const payload = message.slice();
      writeUint(payload, payload.length - 4, 4, i);
      return posted(i, payload);
    };
    spentNothing(await spent(parties[0], () => flood(PARTIES[0], UNAUTHENTICATED, forged)));
  });

  it(`${UNAUTHENTICATED} TP_R that nobody has signed, of senders that show nothing`, async () => {
    const { bytes: message } = forward(w, begin(w, t + 1_000), 1);
    const block = encodeBlock({ num: 0, more: true, szx: 6 });
    // Whole ones, and transfers that are never finished.
    const forged = (i: number) => {
      if (i % 2 === 0) return posted(i, message.slice(0, 1024), block);
      const payload = message.slice();
      writeUint(payload, payload.length - 4, 4, i);
      return posted(i, payload);
    };
    spentNothing(await spent(hospital, () => flood("hospital", UNAUTHENTICATED, forged)));
  });

  it("answer no sender that shows nothing with more than three times its bytes", async () => {
    assert.ok(traffic.received > 0 && traffic.received <= traffic.sent, JSON.stringify(traffic));
    const [uriPath, contentFormat] = post().options;
    const segment = (text: string) => ({ number: OptionNumbers.uriPath, value: ascii(text) });
    const bare = { token: new Uint8Array(0), payload: new Uint8Array(0) };
    const shortest = [
      Uint8Array.of(0x40, 0, 1, 1),
      encodeMessage(post({ ...bare, options: [] })),
      encodeMessage(post({ ...bare, options: [uriPath] })),
      encodeMessage(post({ ...bare, options: [uriPath, contentFormat] })),
      encodeMessage(post({ ...bare, code: Codes.GET, options: [segment(".well-known"), segment("core")] })),
    ];
    for (const name of [...PARTIES, "hospital"]) {
      for (const [i, datagram] of shortest.entries()) {
        // Another ID each time: what the floods left is no duplicate of it.
        writeUint(datagram, 2, 2, 0xff00 + i);
        traffic.sent = 0;
        traffic.received = 0;
        attack(datagram, Number((addresses.get(name) as string).split(":")[1]));
        await sleep(100);
        assert.ok(
          traffic.received <= 3 * traffic.sent,
          `${name}: ${JSON.stringify(traffic)} for ${datagram}`,
        );
      }
    }
  });

  it("TP_R that nobody has signed, of a host that shows where it is: no private-key operation, then none at all", async () => {
    const { bytes: message } = forward(w, begin(w, t + 1_000), 1);
    const address = addresses.get("hospital") as string;
    const codes = new Map<number, number>();
    const count = await spent(hospital, async () => {
      for (let i = 0; i < 1_000 && !codes.has(Codes.tooManyRequests); i += 10) {
        const asked = Array.from({ length: 10 }, async () => {
          const payload = message.slice();
          payload[payload.length - 1] ^= 1 + Math.floor(Math.random() * 255);
          const contentFormat = ContentFormats.mikey;
          const { code } = await coapRequest({
            address,
            path: "mikey",
            payload,
            contentFormat,
            timeout: 60_000,
          });
          codes.set(code, (codes.get(code) ?? 0) + 1);
        });
        await Promise.all(asked);
      }
      // The host is the third parties' own: they are served again when it has waited.
      await sleep(6_000);
      await exchange();
      return 1;
    });
    assert.ok((codes.get(Codes.tooManyRequests) ?? 0) > 0, JSON.stringify([...codes]));
    assert.equal(count.privateKey, 0);
  });
});
