/** Power meters that are attached. */

import { importOptional } from "../../border-router/optional-package.js";
import { SERIAL_PACKAGE } from "../../border-router/terminal.js";

export interface AttachedMeter {
  readonly meter: "ppk2";
  /** The device to give to `symbolon energy record --ppk2`. */
  readonly device: string;
  readonly serialNumber: string | undefined;
}

/** Nordic's vendor number and the PPK2's product number. */
const VENDOR = "1915";
const PRODUCT = "c00a";

export interface PortInfo {
  readonly path: string;
  readonly vendorId?: string | undefined;
  readonly productId?: string | undefined;
  readonly serialNumber?: string | undefined;
}

/** Of a list of serial ports, the meters. A PPK2 has two ports: it measures on the first. */
export function metersOf(ports: readonly PortInfo[]): AttachedMeter[] {
  const meters = new Map<string, AttachedMeter>();
  const found = ports
    .filter(
      ({ vendorId, productId }) => vendorId?.toLowerCase() === VENDOR && productId?.toLowerCase() === PRODUCT,
    )
    .sort((a, b) => (a.path < b.path ? -1 : 1));
  for (const { path, serialNumber } of found) {
    const key = serialNumber ?? path;
    if (!meters.has(key)) meters.set(key, { meter: "ppk2", device: path, serialNumber });
  }
  return [...meters.values()];
}

/** Asks the system. Rejects with a message when the package serialport is missing. */
export async function listMeters(): Promise<AttachedMeter[]> {
  const { SerialPort } = await importOptional<{ SerialPort: { list(): Promise<PortInfo[]> } }>(
    SERIAL_PACKAGE,
    "energy meters",
  );
  return metersOf(await SerialPort.list());
}
