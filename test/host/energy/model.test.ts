/** The model: air times against published ones, ledgers that add up, and sources for every number. */

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cells } from "../../../host/energy/battery.js";
import { compare } from "../../../host/energy/model/compare.js";
import { boardNames, readCurrents, readCurrentTable, statuses } from "../../../host/energy/model/currents.js";
import { linkModel, linkNames, loraAirTime } from "../../../host/energy/model/links.js";
import { exchangeMessages } from "../../../host/energy/model/messages.js";
import { type ModelOptions, modelOf, sensitivityOf } from "../../../host/energy/model/model.js";
import { comparisonSvg } from "../../../host/energy/model/picture.js";
import { identityFromText } from "../../../protocol/mikey/identity.js";
import { tgk, writeKemacContents } from "../../../protocol/mikey/key-data.js";
import { encodeMessage } from "../../../protocol/mikey/message.js";
import {
  DataTypes,
  MacAlgorithms,
  MapTypes,
  PayloadTypes,
  TimestampTypes,
} from "../../../protocol/mikey/numbers.js";
import type { Payload } from "../../../protocol/mikey/payloads.js";
import { energy } from "./command.js";
import { withFolder } from "./synthetic.js";

const near = (actual: number, expected: number, part: number) =>
  assert.ok(Math.abs(actual - expected) <= Math.abs(expected) * part, `${actual}, expected ${expected}`);
const base: ModelOptions = {
  board: "nrf52",
  link: "802.15.4",
  form: "bundle",
  threshold: 2,
  thirdParties: 3,
};

/** Whether a text begins with how far its source was followed. */
const followed = (text: string) => statuses.some((status) => text.startsWith(`[${status}] `));

describe("air time", () => {
  it("of LoRa is 61.7 ms at SF7 and 1.48 s at SF12 for 10 bytes in LoRaWAN", () => {
    const known: [number, number, number][] = [
      [7, 23, 61.7e-3],
      [8, 23, 113.2e-3],
      [9, 23, 205.8e-3],
      [10, 23, 370.7e-3],
      [11, 23, 823.3e-3],
      [12, 23, 1482.8e-3],
      [7, 64, 118e-3],
      [12, 64, 2793.5e-3],
    ];
    for (const [spreading, bytes, seconds] of known) near(loraAirTime(spreading, bytes), seconds, 1e-3);
  });

  it("of LoRa is what Semtech's LoRaMac-node computes in integers, of every length", () => {
    for (let spreading = 7; spreading <= 12; spreading++) {
      for (let bytes = 0; bytes <= 255; bytes++) {
        const numerator = Math.max(0, 8 * bytes + 16 - 4 * spreading + 20 + 8);
        const denominator = 4 * (spreading >= 11 ? spreading - 2 : spreading);
        const quarters = 4 * (Math.trunc((numerator + denominator - 1) / denominator) * 5 + 8 + 12) + 1;
        near(loraAirTime(spreading, bytes), (quarters * 2 ** (spreading - 2)) / 125_000, 1e-12);
      }
    }
  });

  it("of IEEE 802.15.4 is 32 µs a byte, in fragments where a frame is too small", () => {
    const link = linkModel("802.15.4");
    const one = link.send(100);
    assert.deepEqual([one.frames, one.bytes], [1, 133]);
    near(one.transmit, 133 * 32e-6, 1e-12);
    assert.equal(link.send(101).frames, 2);
    // RFC 4944: a first fragment of 96 bytes, then up to 96 bytes each.
    assert.deepEqual([link.send(192).frames, link.send(193).frames], [2, 3]);
  });

  it("grows with bytes on every link, in both directions", () => {
    for (const name of linkNames) {
      const link = linkModel(name);
      for (const direction of ["send", "receive"] as const) {
        const times = [1, 50, 100, 200, 400]
          .map((bytes) => link[direction](bytes))
          .map((air) => air.transmit + air.listen);
        times.forEach((time, i) => {
          assert.ok(time > 0 && (i === 0 || time > times[i - 1]), `${name} ${direction} ${times}`);
        });
      }
    }
  });
});

describe("the energy model", () => {
  it("counts the bytes of 2-of-3 in both directions", () => {
    const sizes = (form: "messages" | "bundle") =>
      exchangeMessages(2, 3, form).map(({ name, bytes }) => `${name} ${bytes}`);
    // 80 bytes of bundle and 20 of answer, with CoAP around them.
    assert.deepEqual(sizes("bundle"), ["bundle 91", "acknowledgement 4", "R_I 29", "acknowledgement 4"]);
    assert.deepEqual(sizes("messages").slice(0, 4), [
      "I_TP 135",
      "acknowledgement 4",
      "TP_I 161",
      "acknowledgement 4",
    ]);
    assert.equal(sizes("messages").length, 12);
  });

  it("is V · Σ I·t", () => {
    const { exchange, currents, options } = modelOf({
      ...base,
      instructions: 1_000_000,
      cpi: 2,
      window: 0.02,
    });
    const [cpu, transmit, listen] = exchange.lines;
    near(cpu.seconds, 2_000_000 / 64e6, 1e-12);
    near(cpu.joules, 3 * 3.3e-3 * (2 / 64), 1e-12);
    near(transmit.coulombs, currents.amperes.TRANSMIT * transmit.seconds, 1e-12);
    near(exchange.joules, cpu.joules + transmit.joules + listen.joules, 1e-12);
    assert.ok(listen.seconds > options.window);
  });

  it("says an assumption and a source for every number, and knows which board has which radio", () => {
    for (const board of ["nrf52", "esp32"] as const) {
      for (const link of linkNames) {
        const there = link.startsWith("lora") || (board === "esp32" ? link === "wifi" : link !== "wifi");
        if (!there) {
          assert.throws(() => readCurrents(board, link), /currents\.json has no/);
          continue;
        }
        const { exchange, assumptions } = modelOf({ ...base, board, link });
        for (const { source, because } of exchange.lines) assert.ok(followed(source) && because.length > 5);
        assert.ok(assumptions.length >= 7 && assumptions.every(followed), assumptions.join("\n"));
      }
    }
  });

  it("knows of every current and every cell how far its source was followed", () => {
    for (const board of boardNames) {
      const { sources, currents, energest } = readCurrentTable(board);
      for (const [name, { milliamperes, is, source, status }] of Object.entries(currents)) {
        assert.ok(sources[source]?.length > 20 && is.length > 5 && statuses.includes(status), name);
        if (typeof milliamperes === "object") assert.ok(milliamperes.least < milliamperes.most, name);
      }
      const { radios, ...idle } = energest;
      for (const name of [...Object.values(idle), ...Object.values(radios).flatMap(Object.values)])
        assert.ok(name in currents, `${board} ${name}`);
    }
    assert.ok(Object.values(cells).every(({ source }) => followed(source)));
    // Of a range the middle, and the text says so.
    const esp32 = readCurrents("esp32", "wifi");
    near(esp32.amperes.CPU, 49e-3, 1e-12);
    assert.match(esp32.sources.CPU, /^\[quoted\] .*the middle of 30 to 68 mA/);
  });

  it("takes each radio's own currents", () => {
    const listen = (link: "ble" | "802.15.4") => readCurrents("nrf52", link).amperes.LISTEN;
    near(listen("ble"), 6.26e-3, 1e-12);
    near(listen("802.15.4"), 6.53e-3, 1e-12);
  });

  it("says that a bundle's instructions are not its own, and that those of other k and n are not", () => {
    const said = (change: Partial<ModelOptions>) => modelOf({ ...base, ...change }).assumptions.join("\n");
    assert.match(said({}), /\[assumed\] a bundle takes as many/);
    assert.doesNotMatch(said({ form: "messages" }), /a bundle takes as many/);
    assert.match(said({ thirdParties: 5 }), /\[assumed\] 2 of 5 takes as many instructions as 2 of 3/);
    assert.doesNotMatch(said({ instructions: 5, thirdParties: 5 }), /as many instructions as 2 of 3/);
  });

  it("moves with what is least known, in the right direction", () => {
    for (const { name, lowJoules, highJoules } of sensitivityOf(modelOf(base)))
      assert.ok(lowJoules < highJoules, name);
  });

  it("stands beside others with the figures that are reported of them", () => {
    const rivals = compare(modelOf(base));
    assert.deepEqual(
      rivals.filter(({ kind }) => kind === "measured").map(({ joules }) => joules),
      [5.4e-3, 10.44e-3, 15.02e-3],
    );
    assert.ok(rivals.slice(1).every(({ source }) => followed(source)));
    const bytes = rivals.map(({ messageBytes, airBytes }) => [messageBytes, airBytes]);
    // 80 bytes of bundle and 20 of answer; frames of 6 + 20 + 7 bytes around 91, 29 and two times 4 bytes of CoAP.
    assert.deepEqual(bytes[0], [100, 91 + 29 + 4 + 4 + 4 * 33]);
    // RFC 3830: 107 and 54; draft-ietf-iotops-security-protocol-comparison: 101 and 345.
    assert.deepEqual(
      bytes.slice(1, 5).map(([message]) => message),
      [161, 101, 101, 345],
    );
    assert.deepEqual(bytes.slice(-3), [
      [undefined, 289],
      [undefined, 2240],
      [undefined, 4147],
    ]);
    // Nobody has measured the others over Bluetooth.
    assert.ok(compare(modelOf({ ...base, link: "ble" })).every(({ kind }) => kind === "modelled"));
    const svg = comparisonSvg(rivals, "a < b");
    assert.match(svg, /^<svg [^>]*viewBox/);
    assert.match(svg, /a &#60; b/);
    assert.equal(svg.match(/<title>/g)?.length, rivals.length);
  });

  it("takes MIKEY's own messages at the length that the codec writes", () => {
    const id = { type: PayloadTypes.ID, identity: identityFromText("0x0000000000000001") } as const;
    const t = { type: PayloadTypes.T, timestamp: { type: TimestampTypes.ntpUtc, value: new Uint8Array(8) } };
    const length = (dataType: number, payloads: readonly Payload[]) => {
      const map = { type: MapTypes.srtpId, sessions: [] } as const;
      const csbId = new Uint8Array(4);
      return encodeMessage({
        header: { dataType, verify: dataType === DataTypes.preSharedKey, prf: 0, csbId, map },
        payloads: [t, ...payloads] as Payload[],
      }).length;
    };
    const tag = new Uint8Array(20);
    const encrypted = writeKemacContents({ keys: [tgk(new Uint8Array(16))] });
    const request = length(DataTypes.preSharedKey, [
      { type: PayloadTypes.RAND, rand: new Uint8Array(16) },
      ...[id, id],
      { type: PayloadTypes.KEMAC, encryption: 1, encrypted, mac: MacAlgorithms.hmacSha1, tag },
    ]);
    const answer = length(DataTypes.preSharedKeyVerification, [
      id,
      { type: PayloadTypes.V, algorithm: MacAlgorithms.hmacSha1, tag },
    ]);
    assert.deepEqual([request, answer], [107, 54]);
    assert.match(compare(modelOf(base))[1].source, /^\[confirmed\] 107 and 54 bytes/);
  });

  it("is printed as text, JSON and picture by the command", () =>
    withFolder(async (folder) => {
      const svg = join(folder, "c.svg");
      const { code, out, err } = await energy("model", "--link", "802.15.4", "--compare", "--svg", svg);
      assert.equal(code, 0, err);
      assert.match(out, /exchange: 417 bytes out, 495 in/);
      assert.match(out, /key establishment +energy +× this +message bytes +bytes on air/);
      assert.match(out, /EDHOC, static DH \(lakers\) +5\.400 mJ +– +– +289 +– +measured, unverified/);
      assert.match(readFileSync(svg, "utf8"), /measured by others/);
      const bench = join(folder, "bench.json");
      writeFileSync(bench, JSON.stringify({ figures: { instructions: 440_000 } }));
      const json = JSON.parse((await energy("model", "--bench", bench, "--json")).out);
      assert.equal(json.exchange.instructions, 440_000);
      assert.ok(json.life.seconds > 0);
      assert.equal((await energy("model", "--board", "esp32", "--link", "ble")).code, 1);
    }));
});
