/**
 * Assertions for tests that run on both engines, Node and XS: no Node API, no Intl, small.
 * Byte arrays are shown in hexadecimal when they differ.
 */

/** What a failed assertion throws. */
export class AssertionError extends Error {
  override readonly name = "AssertionError";
}

/** Fails always. */
export function fail(message: string): never {
  throw new AssertionError(message);
}

/** `value` is truthy. */
export function ok(value: unknown, message = "expected a truthy value"): asserts value {
  if (!value) fail(`${message}, got ${show(value)}`);
}

/** The same value, as Object.is has it. */
export function equal<T>(actual: T, expected: T, message?: string): void {
  if (!Object.is(actual, expected)) fail(difference(actual, expected, message));
}

/** Not the same value. */
export function notEqual<T>(actual: T, other: T, message = "expected another value"): void {
  if (Object.is(actual, other)) fail(`${message} than ${show(other)}`);
}

/** The same structure: byte arrays, lists, maps, sets, dates and plain objects, compared by their contents. */
export function deepEqual<T>(actual: T, expected: T, message?: string): void {
  if (!same(actual, expected)) fail(difference(actual, expected, message));
}

/** Not the same structure. */
export function notDeepEqual<T>(actual: T, other: T, message = "expected other contents"): void {
  if (same(actual, other)) fail(`${message} than ${show(other)}`);
}

/** `text` has a match of `pattern`. */
export function match(text: string, pattern: RegExp, message?: string): void {
  if (!pattern.test(text)) fail(`${message ?? "no match"}: ${show(text)} and ${pattern}`);
}

/** What an error must be: of this class, with a message that this pattern finds, or both. */
export type ErrorMatcher =
  | RegExp
  | ErrorClass
  | { type?: ErrorClass; name?: string; message?: RegExp | string };
type ErrorClass = abstract new (...args: never[]) => Error;

/** `call` throws, and what it throws fits `expected`. Returns the error. */
export function throws(call: () => unknown, expected?: ErrorMatcher, message?: string): unknown {
  let result: unknown;
  try {
    result = call();
  } catch (error) {
    return fits(error, expected, message);
  }
  fail(`${message ?? "expected an error"}, got ${show(result)}`);
}

/** `promise` (or what `promise()` returns) rejects, and the reason fits `expected`. Resolves to the reason. */
export async function rejects(
  promise: Promise<unknown> | (() => Promise<unknown>),
  expected?: ErrorMatcher,
  message?: string,
): Promise<unknown> {
  let result: unknown;
  try {
    result = await (typeof promise === "function" ? promise() : promise);
  } catch (error) {
    return fits(error, expected, message);
  }
  fail(`${message ?? "expected a rejection"}, got ${show(result)}`);
}

function fits(error: unknown, expected: ErrorMatcher | undefined, message = "another error"): unknown {
  if (expected === undefined) return error;
  if (!(error instanceof Error)) fail(`${message}: expected an Error, got ${show(error)}`);
  const text = `${message}: got ${error.name}: ${error.message}`;
  if (expected instanceof RegExp) {
    if (!expected.test(error.message)) fail(`${text}, expected ${expected}`);
  } else if (typeof expected === "function") {
    if (!(error instanceof expected)) fail(`${text}, expected a ${expected.name}`);
  } else {
    if (expected.type && !(error instanceof expected.type)) fail(`${text}, expected a ${expected.type.name}`);
    if (expected.name !== undefined && error.name !== expected.name)
      fail(`${text}, expected ${expected.name}`);
    if (expected.message instanceof RegExp) {
      if (!expected.message.test(error.message)) fail(`${text}, expected ${expected.message}`);
    } else if (expected.message !== undefined && error.message !== expected.message) {
      fail(`${text}, expected ${expected.message}`);
    }
  }
  return error;
}

function same(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) {
    // A Buffer is a Uint8Array; contents decide.
    if (!(a instanceof Uint8Array && b instanceof Uint8Array)) return false;
  }
  if (a instanceof Date && b instanceof Date) return a.getTime() === b.getTime();
  if (a instanceof Error && b instanceof Error && (a.name !== b.name || a.message !== b.message))
    return false;
  if (ArrayBuffer.isView(a) && ArrayBuffer.isView(b)) return sameItems([...bytesOf(a)], [...bytesOf(b)]);
  if (a instanceof ArrayBuffer && b instanceof ArrayBuffer) {
    return same(new Uint8Array(a), new Uint8Array(b));
  }
  if (Array.isArray(a) && Array.isArray(b)) return sameItems(a, b);
  if (a instanceof Map && b instanceof Map) {
    return a.size === b.size && [...a].every(([key, value]) => b.has(key) && same(value, b.get(key)));
  }
  if (a instanceof Set && b instanceof Set) {
    const others = [...b];
    return (
      a.size === b.size && [...a].every((item) => b.has(item) || others.some((other) => same(item, other)))
    );
  }
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && same(Reflect.get(a, key), Reflect.get(b, key)))
  );
}

function sameItems(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((item, i) => same(item, b[i]));
}

function bytesOf(view: ArrayBufferView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

function difference(actual: unknown, expected: unknown, message?: string): string {
  return `${message === undefined ? "" : `${message}: `}expected ${show(expected)}, got ${show(actual)}`;
}

function show(value: unknown, depth = 0): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "function") return `function ${value.name}`;
  if (typeof value !== "object" || value === null) return Object.is(value, -0) ? "-0" : String(value);
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  if (value instanceof RegExp || value instanceof Date) return String(value);
  if (ArrayBuffer.isView(value)) {
    const hex = [...bytesOf(value)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    return `<${value.byteLength} bytes ${hex}>`;
  }
  if (depth > 4) return "…";
  if (Array.isArray(value)) return `[${value.map((item) => show(item, depth + 1)).join(", ")}]`;
  if (value instanceof Map || value instanceof Set)
    return `${value.constructor.name} ${show([...value], depth)}`;
  const members = Object.keys(value).map((key) => `${key}: ${show(Reflect.get(value, key), depth + 1)}`);
  return `{${members.join(", ")}}`;
}
