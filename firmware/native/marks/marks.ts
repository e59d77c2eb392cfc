/** The pins of marks, in C (pins/marks.c), for boards that have some. */
/// <reference path="../native.d.ts" />

/** Makes outputs of up to three pins, by the platform's numbers, and sets them low. */
export function open(this: void, pins: Uint8Array): void {
  native("xs_marks_open").call(this, pins);
}

/**
 * Plays a wave: for each step the levels (1 byte, bit 0 is the first pin) and microseconds to hold them (2 bytes,
 * big-endian). The last levels stay.
 */
export function play(this: void, wave: Uint8Array): void {
  native("xs_marks_play").call(this, wave);
}
