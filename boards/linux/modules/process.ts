/** The process and its engine, in C (engine/process.c). */
/// <reference path="../../../firmware/native/native.d.ts" />

/** What was given behind the module on the command line. */
export function args(this: void): string[] {
  return native("xs_arguments").call(this);
}

/** Ends the process now. */
export function exit(this: void, code: number): never {
  return native("xs_exit").call(this, code);
}

/** A line on standard output. */
export function print(this: void, line: string): void {
  native("xs_print").call(this, line);
}

/** An object on standard output, as a line of JSON. Boards that count what they execute leave this out. */
export function tell(this: void, event: object): void {
  native("xs_tell").call(this, event);
}

/** A line on standard error. */
export function report(this: void, line: string): void {
  native("xs_report").call(this, line);
}

/** "xs 13.3.0", or "node 20.x" where the firmware runs without XS. */
export function engine(this: void): string {
  return native("xs_engine").call(this);
}

/** XS's count of what was computed so far; 0 without XS. */
export function computrons(this: void): number {
  return native("xs_computrons").call(this);
}

/** Collects garbage and forgets the heap's peaks so far. Nothing without XS. */
export function restartHeapPeaks(this: void): void {
  native("xs_heap_restart").call(this);
}

/** The most bytes that the slot heap held at once, the engine's own objects included; 0 without XS. */
export function slotBytes(this: void): number {
  return native("xs_heap_slots").call(this);
}

/** The most bytes that the chunk heap held at once, bytecode included; 0 without XS. */
export function chunkBytes(this: void): number {
  return native("xs_heap_chunks").call(this);
}
