import { measurementsOf } from "../../firmware/samples.js";
import { deepEqual, throws } from "../support/assert.js";

describe("a sample of an ECMA-419 sensor", () => {
  it("is measurements in SenML's units", () => {
    deepEqual(measurementsOf({ temperature: 36.648, alert: 0 }), [
      { name: "temperature", unit: "Cel", value: 3665, decimals: 2 },
    ]);
    deepEqual(measurementsOf({ hygrometer: { humidity: 0.405 }, thermometer: { temperature: -0.5 } }), [
      { name: "humidity", unit: "%RH", value: 405, decimals: 1 },
      { name: "temperature", unit: "Cel", value: -50, decimals: 2 },
    ]);
  });

  it("is refused where nothing in it is known", () => {
    for (const sample of [
      undefined,
      null,
      {},
      7,
      { near: true },
      { temperature: Number.NaN },
      { toString: 1 },
    ])
      throws(() => measurementsOf(sample), /sensor/);
  });
});
