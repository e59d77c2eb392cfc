/** The steps of the exchange on a Linux process: as they are on Node, where there is no C. */

import { primitives } from "../../firmware/native/primitives.js";
import { referenceSteps } from "../../protocol/exchange/reference-steps.js";

export const steps = referenceSteps(primitives);
