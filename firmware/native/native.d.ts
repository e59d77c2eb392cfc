/**
 * `native("xs_name")` is the C function of that name (Moddable, XS in C, "Native"). A function whose whole body
 * is `return native("xs_name").call(this, …)` with its own parameters costs nothing under xsc, which compiles
 * it into the C function itself.
 */
declare function native(name: string): NativeFunction;

interface NativeFunction {
  call<Result>(self: unknown, ...args: unknown[]): Result;
}
