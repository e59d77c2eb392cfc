import assert from "node:assert/strict";
import { decodeSenml } from "../../../host/channel/senml.js";
import { fromHex } from "../../../protocol/bytes.js";

const decode = (hex: string) => decodeSenml(fromHex(hex.replace(/\s/g, "")));

/** RFC 8428 §6, figure 8: the pack of §5.1.3 in CBOR. */
const example = `
87a721781b75726e3a6465763a6f773a3130653230373361303130383030363a22fb41d303a15b00106223614120050067766f6c7461676501615602fb
405e066666666666a3006763757272656e74062402fb3ff3333333333333a3006763757272656e74062302fb3ff4cccccccccccda3006763757272656e
74062202fb3ff6666666666666a3006763757272656e74062102f93e00a3006763757272656e74062002fb3ff999999999999aa3006763757272656e74
060002fb3ffb333333333333`;

describe("SenML in CBOR", () => {
  it("resolves RFC 8428's example", () => {
    const name = "urn:dev:ow:10e2073a0108006:";
    const base = 1276020076.001;
    const current = (t: number, v: number) => ({ n: `${name}current`, u: "A", v, t: base + t });
    assert.deepEqual(decode(example), [
      { n: `${name}voltage`, u: "V", v: 120.1, t: base },
      current(-5, 1.2),
      current(-4, 1.3),
      current(-3, 1.4),
      current(-2, 1.5),
      current(-1, 1.6),
      current(0, 1.7),
    ]);
  });

  it("reads every kind of value, and adds base values", () => {
    // [{n: "a", v: 1}, {n: "b", vs: "x"}, {n: "c", vb: true}, {n: "d", vd: h'0102fe'}, {n: "e", s: 2}]
    assert.deepEqual(
      decode("85 a200616102 01 a20061620361 78 a200616304f5 a200616408430102fe a20061650502"),
      [
        { n: "a", v: 1 },
        { n: "b", vs: "x" },
        { n: "c", vb: true },
        { n: "d", vd: "AQL-" },
        { n: "e", s: 2 },
      ],
    );
    // [{bn: "x", bv: 10, bs: 100, bu: "Cel"}, {v: 1}, {n: "y", u: "K"}, {n: "z", s: 1, ut: 5}]
    assert.deepEqual(
      decode("84 a421617824 0a 25 1864 23 6343656c a10201 a2006179 01614b a300617a 05010705"),
      [
        { n: "x", u: "Cel", v: 11, s: 100 },
        { n: "xy", u: "K", v: 10, s: 100 },
        { n: "xz", u: "Cel", v: 10, s: 101, ut: 5 },
      ],
    );
    // Decimal fraction, and a label that is unknown and need not be understood.
    assert.deepEqual(decode("81 a3 00 6174 02 c4822019016f 18c8 01"), [{ n: "t", v: 36.7 }]);
  });

  it("refuses a pack that breaks a rule", () => {
    for (const [hex, what] of [
      ["00", /expected records/],
      ["80", /expected records/],
      ["8101", /record 0: expected a map/],
      ["81a1006161", /record 0: no value/],
      ["81a10201", /no name that is allowed/],
      ["81a200612d0201", /no name that is allowed/],
      ["81a20062c3bc0201", /no name that is allowed/],
      ["81a3006161020103 6161", /v and vs/],
      ["81a2006161026131", /v is not of type number/],
      ["81a200616102f97e00", /v is not of type number/],
      ["81a20001 0201", /n is not of type string/],
      ["81a3200b0061610201", /version 11 is unknown/],
      ["81a3006161020163 78795f 01", /xy_ must be understood/],
      ["81a2616e61610201", /n is written by name/],
      ["81a1216161", /no record has a value/],
      ["82a20061610201a0", /record 1: no value/],
    ] as const) {
      assert.throws(() => decode(hex), { name: "SyntaxError", message: what }, hex);
    }
  });
});
