/** How the measuring board is wired: change this for another board, shunt or chip. */

export const wiring = {
  /** "INA228", or "INA226". */
  chip: "INA228",
  /** Ohms of the shunt, and amperes that must not be exceeded. */
  shunt: 0.5,
  maximum: 0.08,
  i2c: { data: 26, clock: 27 },
  /** The marking pins of the board that is measured, the first pin first. */
  marks: [28, 29, 30],
  /** To the computer. On Nordic's development kit P0.06 leads to the debugger's serial port. */
  serial: { transmit: 6, baud: 230_400 },
  /** Milliseconds between samples. */
  interval: 5,
} as const;
