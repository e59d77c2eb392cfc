/** What test/support/primitives.ts is on XS: the board's own, in C. */

export { steps } from "../../firmware/native/exchange/exchange.js";
export { primitives, primitives as boardPrimitives, random } from "../../firmware/native/primitives.js";
