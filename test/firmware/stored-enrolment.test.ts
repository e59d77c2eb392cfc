/** The enrolment in a board's storage. */

import { nextStep } from "../../firmware/chain.js";
import { SensorChannel } from "../../firmware/channel.js";
import { enrolmentFromJson } from "../../firmware/enrolment.js";
import { ImageError, storeImage } from "../../firmware/enrolment-image.js";
import { readMailbox, readPending } from "../../firmware/mailbox.js";
import { enrolmentInForce, storedCode } from "../../firmware/stored-enrolment.js";
import { fromHex, toHex } from "../../protocol/bytes.js";
import { laterPsk } from "../../protocol/exchange/chain.js";
import { deepEqual, equal, fail, throws } from "../support/assert.js";
import { primitives, steps } from "../support/primitives.js";
import { imageOf, MemoryStorage, nextCode, sensorJson } from "./enroller.js";

const none = () => fail("the image's enrolment was asked for");
const pskOf = (storage: MemoryStorage, x: number) =>
  toHex(enrolmentInForce(storage, none).start?.keys[x - 1] as Uint8Array);

/** What the board refuses to store, and why; what is there stays. */
function refuses(storage: MemoryStorage, image: Uint8Array, reason: string): void {
  const before = storage.read("enrolment");
  throws(() => storeImage(storage, image, primitives), { type: ImageError, message: reason });
  deepEqual(storage.read("enrolment"), before);
}

describe("stored enrolment", () => {
  it("is in force instead of the image's", () => {
    const storage = new MemoryStorage();
    equal(storedCode(storage), undefined);
    throws(() => enrolmentInForce(storage, () => fail("asked")), /asked/);
    storeImage(storage, imageOf(), primitives);
    deepEqual(storedCode(storage), nextCode);
    equal(pskOf(storage, 2), sensorJson.psks[1]);
  });

  it("is gone when the board was wiped, and the code stays", () => {
    const storage = new MemoryStorage();
    storeImage(storage, imageOf(), primitives);
    nextStep({ primitives, steps, storage }, enrolmentInForce(storage, none));
    storeImage(storage, nextCode, primitives);
    deepEqual(storage.read("chain"), new Uint8Array(0));
    deepEqual(storedCode(storage), nextCode);
    throws(() => enrolmentInForce(storage, none), /^enrolment: the board was wiped$/);
  });

  it("takes no session of the enrolment before with it, nor an exchange or a mailbox", () => {
    let wiped = 0;
    const names = ["channel", "pending", "mailbox", "duty", "interval"];
    for (const image of [imageOf(), nextCode]) {
      const storage = Object.assign(new MemoryStorage(), { wipeOld: () => wiped++ });
      storeImage(storage, imageOf(), primitives);
      for (const name of names) storage.write(name, Uint8Array.of(1, 2, 3));
      throws(() => storeImage(storage, Uint8Array.of(1), primitives), { type: ImageError });
      for (const name of names) deepEqual(storage.read(name), Uint8Array.of(1, 2, 3));
      storeImage(storage, image, primitives);
      for (const name of names) deepEqual(storage.read(name), new Uint8Array(0));
      const { responder } = enrolmentFromJson(sensorJson);
      equal(SensorChannel.takenUp(storage, responder), undefined);
      equal(readPending(storage, responder), undefined);
      equal(readMailbox(storage), undefined);
    }
    // What flash still has of a wiped board.
    equal(wiped, 1);
  });

  it("takes nothing for a key that is not as long as one, whatever steps are ahead of it", () => {
    const storage = new MemoryStorage();
    storeImage(storage, imageOf(), primitives);
    nextStep({ primitives, steps, storage }, enrolmentInForce(storage, none));
    for (const psk of ["", "cd".repeat(15), "cd".repeat(17), "00".repeat(16)])
      refuses(storage, imageOf({ ...sensorJson, psks: [null, psk, null] }), "the enrolment makes no sense");
  });

  it("keeps the keys that an image leaves out, by third party", () => {
    const storage = new MemoryStorage();
    storeImage(storage, imageOf(), primitives);
    const { policy } = sensorJson;
    const json = {
      ...sensorJson,
      // One party is another, and the others have changed places.
      policy: { ...policy, thirdParties: ["tp3@example", "tp4@example", "tp1@example"] },
      psks: [null, "cd".repeat(16), null],
    };
    storeImage(storage, imageOf(json), primitives);
    equal(pskOf(storage, 1), sensorJson.psks[2]);
    equal(pskOf(storage, 2), "cd".repeat(16));
    equal(pskOf(storage, 3), sensorJson.psks[0]);
  });

  it("forgets the first keys once the chain has them, and keeps those of the chain", () => {
    const storage = new MemoryStorage();
    storeImage(storage, imageOf(), primitives);
    for (let t = 1; t <= 4; t++)
      equal(nextStep({ primitives, steps, storage }, enrolmentInForce(storage, none)).t, t);
    equal(enrolmentInForce(storage, none).start, undefined);
    const { policy } = sensorJson;
    const psks = [null, "cd".repeat(16), null];
    const json = {
      ...sensorJson,
      policy: { ...policy, thirdParties: ["tp3@example", "tp4@example", "tp1@example"] },
      psks,
    };
    refuses(storage, imageOf({ ...json, t: 6 }), "the board has no PSK that could be kept");
    storeImage(storage, imageOf(json), primitives);
    const step = nextStep({ primitives, steps, storage }, enrolmentInForce(storage, none));
    const after = (psk: string | null) => laterPsk(primitives, fromHex(psk as string), 4);
    deepEqual(step.t, 5);
    // The new third party steps from T 1, too.
    deepEqual(step.psks, [sensorJson.psks[2], "cd".repeat(16), sensorJson.psks[0]].map(after));
  });

  it("refuses to keep what it has not, or what is of another sensor or suite", () => {
    const reason = "the board has no PSK that could be kept";
    const keep = { ...sensorJson, psks: [null, ...sensorJson.psks.slice(1)] };
    refuses(new MemoryStorage(), imageOf(keep), reason);
    const storage = new MemoryStorage();
    storeImage(storage, imageOf(), primitives);
    const { policy } = sensorJson;
    for (const changes of [{ sensor: "another" }, { suite: "aes-ccm-128-8" }])
      refuses(storage, imageOf({ ...keep, policy: { ...policy, ...changes } }), reason);
    const stranger = { ...policy, thirdParties: ["tp9@example", ...policy.thirdParties.slice(1)] };
    refuses(storage, imageOf({ ...keep, policy: stranger }), reason);
    storeImage(storage, nextCode, primitives);
    refuses(storage, imageOf(keep), reason);
  });

  it("refuses what is no enrolment", () => {
    const storage = new MemoryStorage();
    storeImage(storage, imageOf(), primitives);
    const reason = "the enrolment makes no sense";
    // Text beyond ASCII, in what nothing reads.
    const words = imageOf({ ...sensorJson, note: "x" });
    words[words.lastIndexOf(0x78)] = 0xe9;
    refuses(storage, words, reason);
    refuses(storage, nextCode.subarray(1), reason);
    refuses(storage, Uint8Array.of(...nextCode, 0x7b), reason);
    refuses(storage, Uint8Array.of(...nextCode, 0x6e, 0x75, 0x6c, 0x6c), reason);
    refuses(storage, imageOf({ ...sensorJson, psks: sensorJson.psks.slice(1) }), reason);
    refuses(storage, imageOf({ ...sensorJson, psks: [null, 1, 2] }), reason);
    refuses(storage, imageOf({ psks: [null] }), reason);
  });

  it("says when storage fails, or gives something else back", () => {
    const storage = new MemoryStorage();
    storeImage(storage, imageOf(), primitives);
    storage.broken = true;
    refuses(storage, nextCode, "the board can't store it");
    const forgetful = new MemoryStorage();
    forgetful.write = () => {};
    refuses(forgetful, imageOf(), "the board can't store it");
  });
});
