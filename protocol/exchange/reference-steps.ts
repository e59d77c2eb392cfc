/** The sensor's steps in TypeScript: for sensors on a host, and to prove those in C by. */

import type { Primitives } from "../primitives.js";
import { stepPsks } from "./chain.js";
import { consumeConfirmation } from "./confirmation.js";
import { channelKeys, createSession } from "./session.js";
import { createShareMessages } from "./share-message.js";
import { consumeShareVerification } from "./share-verification.js";
import type { SensorSteps } from "./steps.js";

export function referenceSteps(primitives: Primitives): SensorSteps {
  return {
    stepPsks: (...given) => stepPsks(primitives, ...given),
    createSession: (...given) => createSession(primitives, ...given),
    createShareMessages: (...given) => createShareMessages(primitives, ...given),
    consumeShareVerification: (...given) => consumeShareVerification(primitives, ...given),
    consumeConfirmation: (...given) => consumeConfirmation(primitives, ...given),
    channelKeys: (...given) => channelKeys(primitives, ...given),
  };
}
