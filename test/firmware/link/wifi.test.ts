import { joinWifi, type WifiInterface, type WifiOptions } from "../../../firmware/link/wifi.js";
import { deepEqual, equal } from "../../support/assert.js";
import { FakeClock } from "../simulation.js";

/** Joins under a script: what happens at each attempt, milliseconds after it (undefined: nothing). */
function join(script: readonly (number | "throws" | undefined)[], more: Partial<WifiOptions> = {}) {
  const clock = new FakeClock();
  const log: string[] = [];
  const start = clock.now();
  const say = (what: string): number => log.push(`${clock.now() - start} ${what}`);
  let attempt = 0;
  class Wifi implements WifiInterface {
    connection = 200;
    channel: number | undefined;

    constructor(private readonly options: { onChanged(): void }) {}

    connect({ channel }: { readonly channel?: number }): void {
      say(channel === undefined ? "connect" : `connect ${channel}`);
      const after = script[attempt++];
      if (after === "throws") throw new Error("no");
      if (after === undefined) return;
      clock.set(() => {
        for (this.connection of [300, 400, 500]) this.options.onChanged();
      }, after);
    }
    disconnect(): void {
      say("disconnect");
    }
    close(): void {
      say("close");
    }
  }
  joinWifi({
    ...{ io: Wifi, clock, network: { SSID: "ward" } },
    onUp: () => say("up"),
    onFailed: () => say("failed"),
    ...more,
  });
  clock.run();
  equal(clock.pending, 0);
  return log;
}

describe("Wi-Fi for a wake-up", () => {
  it("is there at the first attempt, where it was", () => {
    deepEqual(join([700], { channel: 6 }), ["0 connect 6", "700 close", "700 up"]);
  });

  it("is looked for everywhere when it is not where it was", () => {
    deepEqual(join([undefined, 900], { channel: 6 }), [
      ...["0 connect 6", "8000 disconnect", "8500 connect", "9400 close", "9400 up"],
    ]);
  });

  it("rests longer after each attempt, and gives up after the fourth", () => {
    deepEqual(join([undefined, undefined, "throws", undefined]), [
      ...["0 connect", "8000 disconnect", "8500 connect", "16500 disconnect", "17500 connect"],
      ...["17500 disconnect", "19500 connect", "27500 close", "27500 failed"],
    ]);
  });

  it("ends once, also when the network comes in the rest between two attempts", () => {
    deepEqual(join([8200]), ["0 connect", "8000 disconnect", "8200 close", "8200 up"]);
  });
});
