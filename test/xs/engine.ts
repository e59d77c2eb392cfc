/** The engine for tests, or why there is none. */

import { buildEngine, type Engine, EngineUnavailableError } from "../../boards/linux/build.js";

export async function findEngine(): Promise<Engine | EngineUnavailableError> {
  try {
    return await buildEngine({ onProgress: (line) => process.stderr.write(`XS: ${line}\n`) });
  } catch (error) {
    if (error instanceof EngineUnavailableError) return error;
    throw error;
  }
}
