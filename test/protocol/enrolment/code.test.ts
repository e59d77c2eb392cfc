import fc from "fast-check";
import { fromHex } from "../../../protocol/bytes.js";
import { codeFromDigits, codeToDigits } from "../../../protocol/enrolment/code.js";
import { deepEqual, equal, ok, throws } from "../../support/assert.js";

const code = fromHex("000102030405060708090a0b0c0d0e0f");
const digits = "000011-005665-011319-016973-022627-028281-033935-039589";
const codes = fc.uint8Array({ minLength: 16, maxLength: 16 });

describe("enrolment code", () => {
  it("is eight groups of six digits", () => {
    equal(codeToDigits(code), digits);
    equal(codeToDigits(new Uint8Array(16).fill(255)), Array(8).fill("720885").join("-"));
    throws(() => codeToDigits(new Uint8Array(15)), {
      type: RangeError,
      message: /expected 16 bytes, got 15/,
    });
  });

  it("is read whatever stands between the digits", () => {
    for (const text of [digits, digits.replaceAll("-", ""), `SYMBOLON:${digits} \n`, [...digits].join(" ")])
      deepEqual(codeFromDigits(text), code);
    fc.assert(fc.property(codes, (each) => deepEqual(codeFromDigits(codeToDigits(each)), each)));
  });

  it("notices a mistyped digit, and two neighbours that changed places, and shows neither", () => {
    const at = fc.integer({ min: 0, max: 47 });
    fc.assert(
      fc.property(codes, at, fc.integer({ min: 1, max: 9 }), (each, place, by) => {
        const typed = [...codeToDigits(each).replaceAll("-", "")];
        typed[place] = `${(Number(typed[place]) + by) % 10}`;
        const group = Math.floor(place / 6) + 1;
        throws(() => codeFromDigits(typed.join("")), new RegExp(`^code: group ${group} of 8 is mistyped$`));
      }),
    );
    fc.assert(
      fc.property(codes, at, (each, place) => {
        const typed = [...codeToDigits(each).replaceAll("-", "")];
        const [a, b] = [typed[place], typed[place + 1]];
        fc.pre(place % 6 < 5 && a !== b);
        typed.splice(place, 2, b, a);
        throws(() => codeFromDigits(typed.join("")), /is mistyped$/);
      }),
    );
  });

  it("has 48 digits", () => {
    throws(() => codeFromDigits(digits.slice(1)), {
      type: SyntaxError,
      message: /expected 48 digits, got 47/,
    });
    throws(() => codeFromDigits(""), /got 0/);
    // 11 times 65536 is one more than 16 bits hold.
    throws(() => codeFromDigits(`720896${digits.slice(6)}`), /group 1/);
    ok(codeFromDigits(`720885${digits.slice(6)}`)[0] === 255);
  });
});
