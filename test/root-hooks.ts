/** Mocha does not fail a test for a promise that nobody awaits and that rejects; these tests do. */

const rejections: unknown[] = [];
process.on("unhandledRejection", (reason) => rejections.push(reason));

export const mochaHooks = {
  afterEach(): void {
    if (rejections.length > 0) throw rejections.splice(0)[0];
  },
};
