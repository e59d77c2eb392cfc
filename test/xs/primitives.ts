/** What test/support/primitives.ts is on XS: the board's own, in C. */

export { primitives, primitives as boardPrimitives, random } from "../../firmware/native/primitives.js";
