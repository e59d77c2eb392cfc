/**
 * A Moddable mod with resources in it: for boards that are flashed and not enrolled over a link. `mcrun -m -p PLATFORM`
 * in its folder builds and installs it; the firmware finds the resources by their names.
 */

import { join } from "node:path";
import { writeJson, writeText } from "./files.js";
import { makeFolder, refuseExisting } from "./folders.js";

export interface ModOptions {
  readonly replace?: boolean;
}

/** The name of the resource, and of its file in the mod's folder. */
export type ModResource = "sensor.json" | "code.txt";

/** Writes the folder; all in it is for the owner alone. Throws a FileError for what is in the way. */
export function writeMod(
  folder: string,
  resource: ModResource,
  text: string,
  options: ModOptions = {},
): void {
  makeFolder(folder);
  const manifest = join(folder, "manifest.json");
  const file = join(folder, resource);
  if (!options.replace) for (const path of [manifest, file]) refuseExisting(path);
  const name = resource.replace(/\.[^.]+$/, "");
  writeText(file, text, { ...options, secret: true });
  writeJson(manifest, { resources: { "*": [`./${name}`] } }, { ...options, secret: true });
}
