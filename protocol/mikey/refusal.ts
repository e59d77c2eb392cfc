/** Why a message is not accepted. */

import type { ErrorNumber } from "./numbers.js";

/** A message that was understood and is not accepted, with the ERR number that its sender may be told. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  constructor(
    readonly errorNumber: ErrorNumber,
    reason: string,
  ) {
    super(reason);
  }
}
