/**
 * The primitives that tests of protocol/ and firmware/ run with. On Node they are the host's; on XS the bundle puts
 * test/xs/primitives.ts in this file's place, with those of the board in C.
 */

import { installNatives } from "../../boards/linux/node.js";
import { referenceSteps } from "../../protocol/exchange/reference-steps.js";

export { primitives as boardPrimitives, random } from "../../firmware/native/primitives.js";

import { primitives } from "../../host/primitives.js";

export { primitives };
export const steps = referenceSteps(primitives);

// firmware/native calls `native`: where there is no XS, this one ends in node:crypto.
installNatives();
