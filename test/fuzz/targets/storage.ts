/** What a board or a gateway finds in its own storage, whatever stands there. */

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ImageError, storeImage } from "../../../firmware/enrolment-image.js";
import { FlashLog } from "../../../firmware/storage/flash-log.js";
import { enrolmentInForce, storedText } from "../../../firmware/stored-enrolment.js";
import { FileError } from "../../../host/enrolment/files.js";
import { readGatewaySensors } from "../../../host/gateway/folder.js";
import { primitives } from "../../../host/primitives.js";
import { ascii, concat, equal } from "../../../protocol/bytes.js";
import { imageOf, MemoryStorage } from "../../firmware/enroller.js";
import { isTextError, never, type Target } from "./target.js";

const SECTOR = 256;

/** Two sectors of flash with these contents. */
function flashOf(contents: Uint8Array): {
  flash: ConstructorParameters<typeof FlashLog>[0];
  bytes: Uint8Array;
} {
  const bytes = new Uint8Array(2 * SECTOR).fill(0xff);
  bytes.set(contents.subarray(0, bytes.length));
  const flash = {
    blockSize: SECTOR,
    erase: (sector: number) => void bytes.fill(0xff, sector * SECTOR, (sector + 1) * SECTOR),
    read: (offset: number, length: number) => bytes.slice(offset, offset + length).buffer,
    write: (offset: number, _length: number, data: ArrayBuffer | Uint8Array) =>
      bytes.set(new Uint8Array(data), offset),
  };
  return { flash, bytes };
}

export function storageTargets(): Target[] {
  const { flash, bytes: used } = flashOf(new Uint8Array(0));
  const log = new FlashLog(flash);
  for (let i = 0; i < 9; i++) log.write(i % 2 ? "chain" : "channel", new Uint8Array(20 + i).fill(i));
  const image = imageOf();
  return [
    {
      name: "flash-log",
      seeds: [used.slice(), used.slice(0, SECTOR), new Uint8Array(0)],
      longest: 2 * SECTOR,
      allows: never,
      run(input) {
        const value = Uint8Array.of(1, 2, 3);
        const { flash: own } = flashOf(input);
        const found = new FlashLog(own);
        const before = found.read("chain");
        found.write("t", value);
        const again = new FlashLog(own);
        assert.deepEqual(again.read("t"), value, "what was written last is not there");
        assert.deepEqual(again.read("chain"), before, "another value has changed");
      },
    },
    {
      name: "stored-enrolment",
      seeds: [image, image.subarray(0, 16)],
      longest: 3_100,
      allows: (error) => isTextError(error) || /the board was wiped/.test((error as Error).message),
      run(input) {
        const storage = new MemoryStorage();
        storage.write("enrolment", input);
        storedText(storage);
        const { policy, addresses } = enrolmentInForce(storage, () => assert.fail("it is enrolled"));
        assert.equal(policy.thirdParties.length, addresses.length);
      },
    },
    {
      name: "enrolment-image",
      seeds: [image, image.subarray(0, 16)],
      longest: 3_100,
      allows: (error) => error instanceof ImageError,
      run(input) {
        const storage = new MemoryStorage();
        storage.write("enrolment", image);
        try {
          storeImage(storage, input, primitives);
        } catch (error) {
          assert.ok(
            equal(storage.read("enrolment") as Uint8Array, image),
            "a refused image has changed the old one",
          );
          throw error;
        }
      },
    },
    {
      name: "gateway-sensor",
      seeds: [gatewayFile()],
      longest: 600,
      allows: (error) => error instanceof FileError,
      run(input) {
        inFolder((folder) => {
          mkdirSync(join(folder, "sensors"));
          writeFileSync(join(folder, "sensors/s.json"), input, { mode: 0o600 });
          const [sensor] = readGatewaySensors(folder).values();
          assert.ok(sensor.privacy < sensor.thirdParties.length);
        });
      },
    },
  ];
}

/** The file of a sensor as a gateway has it. */
function gatewayFile(): Uint8Array {
  const names = ["127.0.0.1:5683", "[::1]:5683", "host.example"];
  return concat(
    ascii(
      JSON.stringify({
        ...{ format: "symbolon-gateway-1", sensor: "sensor01", handle: 7, privacy: 1, thirdParties: names },
        responders: ["http://127.0.0.1:8080/", ""],
        pseudonyms: { linkingKey: "00112233445566778899aabbccddeeff", t: 1 },
      }),
    ),
  );
}

function inFolder(work: (folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), "symbolon-fuzz-"));
  try {
    work(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
