/** The process that a simulation runs in, in C (environment.c). */
/// <reference path="../../firmware/native/native.d.ts" />

/** A variable of the environment. */
export function environment(this: void, name: string): string | undefined {
  return native("xs_environment").call(this, name);
}

/** Ends the process now. */
export function end(this: void, code: number): never {
  return native("xs_end").call(this, code) as never;
}
