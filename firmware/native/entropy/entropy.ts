/** The platform's random generator, in C. */

/** Fills `out`. Throws an Error when the generator fails: no entropy, no exchange. */
export function fill(this: void, out: Uint8Array): void {
  native("xs_entropy").call(this, out);
}
