import assert from "node:assert/strict";
import { Exchange } from "../../../host/simulation/exchange.js";

describe("what the parties of a simulation say of their keys", () => {
  const finished = (tek: string, confirmed = true) => ({ event: "finished", confirmed, tek });
  const agreed = (tek: string) => ({ event: "agreed", tek });

  it("is agreement when the Responder has each key that the sensor has confirmed", () => {
    const exchange = new Exchange("sensor01", "xs");
    exchange.hearResponder(agreed("a"));
    exchange.hearSensor(finished("a"));
    exchange.hearResponder(agreed("b"));
    exchange.hearSensor(finished("b"));
    // Its R_I was not collected.
    exchange.hearResponder(agreed("c"));
    assert.deepEqual(exchange.teks("a"), { initiatorTek: "a", responderTek: "a", agreed: 2 });
  });

  it("shows a key of any exchange that the Responder has not", () => {
    const exchange = new Exchange("sensor01", "xs");
    exchange.hearResponder(agreed("a"));
    exchange.hearSensor(finished("a"));
    exchange.hearSensor(finished("x"));
    assert.deepEqual(exchange.teks("a"), { initiatorTek: "x", responderTek: "a", agreed: 1 });
    const unconfirmed = new Exchange("sensor01", "xs");
    unconfirmed.hearSensor(finished("x", false));
    assert.deepEqual(unconfirmed.teks("x"), { initiatorTek: "x", responderTek: null, agreed: 0 });
  });
});
