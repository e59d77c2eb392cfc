/** Known charge in, the same charge out, phase by phase and to the sample, from every meter's format. */

import assert from "node:assert/strict";
import { statSync, truncateSync } from "node:fs";
import fc from "fast-check";
import { phaseCodes } from "../../../protocol/marks.js";
import { chargeOf, formats, MILLIVOLTS, type Part, read, samplesOf, withFolder } from "./synthetic.js";

const names = phaseCodes.map(({ name }) => name);

/** Phases that differ from the one before, of two samples and more: one alone could be the pins' edges. */
const partsArbitrary = fc
  .array(
    fc.record({
      step: fc.integer({ min: 1, max: 7 }),
      nanoamperes: fc.array(fc.integer({ min: 1, max: 50_000_000 }), { minLength: 2, maxLength: 40 }),
    }),
    { minLength: 3, maxLength: 30 },
  )
  .map((steps) => {
    // All three pins are used, or the reader asks whether there are three.
    const parts: Part[] = [
      { phase: "sleep", nanoamperes: [10, 10, 10] },
      { phase: "transmit", nanoamperes: [20, 20] },
      { phase: "sleep", nanoamperes: [10, 10] },
    ];
    for (const { step, nanoamperes } of steps) {
      const [before, last] = parts.slice(-2).map(({ phase }) => names.indexOf(phase));
      let next = (last + step) % names.length;
      // A short low between equal levels is no sleep, but what separates two marks: marks.test.ts.
      while (next === last || (last === 0 && next === before)) next = (next + 1) % names.length;
      parts.push({ phase: names[next], nanoamperes });
    }
    return parts;
  });

describe("energy of synthetic traces", () => {
  for (const format of formats) {
    it(`is right to 0.1 % and to the sample: ${format.name}`, async () => {
      await fc.assert(
        fc.asyncProperty(partsArbitrary, (parts) =>
          withFolder(async (folder) => {
            const { phases, traces } = await read(format, format.write(folder, samplesOf(parts)));
            assert.deepEqual(
              phases.map(({ name, samples }) => [name, samples]),
              parts.map(({ phase, nanoamperes }) => [phase, nanoamperes.length]),
            );
            let first = 0;
            parts.forEach((part, i) => {
              const { coulombs, joules, seconds, reliable } = phases[i];
              const expected = chargeOf(part, format.rate);
              near(coulombs, expected, 1e-3);
              near(joules as number, (expected * MILLIVOLTS) / 1000, 1e-3);
              near(seconds, part.nanoamperes.length / format.rate, 1e-6);
              near(phases[i].peak, Math.max(...part.nanoamperes) / 1e9, 1e-3);
              assert.equal(phases[i].first, first);
              assert.ok(reliable);
              first += part.nanoamperes.length;
            });
            assert.equal(traces[0].samples, first);
            near(traces[0].samplesPerSecond, format.rate, 1e-6);
          }),
        ),
        { numRuns: 20 },
      );
    });
  }
});

describe("energy of traces that are cut off anywhere", () => {
  for (const format of formats) {
    it(`is that of the phases that are whole, or a message: ${format.name}`, async () => {
      await fc.assert(
        fc.asyncProperty(partsArbitrary, fc.nat(), fc.nat(), (parts, which, where) =>
          withFolder(async (folder) => {
            const files = format.write(folder, samplesOf(parts));
            const file = files[which % files.length];
            truncateSync(file, where % statSync(file).size);
            let found: Awaited<ReturnType<typeof read>>;
            try {
              found = await read(format, files);
            } catch (error) {
              assert.ok(error instanceof SyntaxError, (error as Error).stack);
              assert.ok(error.message.includes(folder), error.message);
              return;
            }
            // Cut at the end of a line, a CSV is whole; otherwise something is said.
            assert.ok(found.traces[0].samples <= samplesOf(parts).length);
            found.phases.forEach(({ name, coulombs, joules, cut, reliable }, i) => {
              if (cut || !reliable) return;
              const expected = chargeOf(parts[i], format.rate);
              assert.equal(name, parts[i].phase);
              near(coulombs, expected, 1e-3);
              near(joules as number, (expected * MILLIVOLTS) / 1000, 1e-3);
            });
          }),
        ),
        { numRuns: 30 },
      );
    });
  }
});

function near(actual: number, expected: number, part: number): void {
  assert.ok(Math.abs(actual - expected) <= Math.abs(expected) * part, `${actual}, expected ${expected}`);
}
