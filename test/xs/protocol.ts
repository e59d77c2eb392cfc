/** What the test process on XS says on standard output, a JSON object a line. */
export type Line =
  /** Which tests there are, by full title, in the order in which they run. */
  | { readonly tests: readonly string[] }
  /** A test has run. */
  | { readonly test: number; readonly milliseconds: number; readonly error?: string }
  /** All tests have run. */
  | { readonly done: true; readonly computrons: number; readonly heapPeakBytes: number };

/** The argument that asks for the list only. */
export const listOnly = "list";
