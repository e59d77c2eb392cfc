/** FCS-16, the check sequence of PPP frames (RFC 1662 App. C.2): CRC-16/X-25. */

/** The register of a frame whose check sequence, sent along at its end, was right (RFC 1662 App. C.2). */
export const GOOD_FCS = 0xf0b8;
export const FCS_LENGTH = 2;

const INITIAL = 0xffff;
/** x^16 + x^12 + x^5 + 1, its bits in reverse. */
const POLYNOMIAL = 0x8408;

/** The register after each half byte: a table of 16 entries is what a board can spare. */
const steps = new Uint16Array(16);
for (let nibble = 0; nibble < 16; nibble++) {
  let register = nibble;
  for (let bit = 0; bit < 4; bit++) register = register & 1 ? (register >> 1) ^ POLYNOMIAL : register >> 1;
  steps[nibble] = register;
}

/** The register after `bytes`: GOOD_FCS when they end with their check sequence. */
export function fcsRegister(bytes: Uint8Array): number {
  let register = INITIAL;
  for (const byte of bytes) {
    register = (register >> 4) ^ steps[(register ^ byte) & 15];
    register = (register >> 4) ^ steps[(register ^ (byte >> 4)) & 15];
  }
  return register;
}

/** The check sequence of `bytes`, 16 bits. It is sent with its lower byte first. */
export function fcs16(bytes: Uint8Array): number {
  return fcsRegister(bytes) ^ 0xffff;
}
