/** How long a simulation waits for its processes, in milliseconds. */

/** How long a process may take to start, on a machine that is busy starting others. */
export const START_MS = 60_000;
/** What an engine that was never built may take. */
export const BUILD_MS = 300_000;
/** How long the sensor may take past its own deadline before it counts as stuck. */
export const STUCK_MS = 15_000;
/** Messages that are still on their way when the sensor has finished: until all or silence, at most. */
export const SETTLE_MS = 2000;
export const SILENCE_MS = 250;
/** How long a sensor sleeps; nobody's battery lasts longer for it here. */
export const SLEEP_MS = 500;
/** How long one reading may take on a network that loses much. */
export const READING_MS = 60_000;
