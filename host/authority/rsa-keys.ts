/** RSA keys of authorities and parties: which are good enough, making them, and their PEM form. */

import { generateKeyPair, type KeyObject } from "node:crypto";
import { promisify } from "node:util";

/** Sizes in bits. */
export const keySizes = [2048, 3072, 4096] as const;
export const DEFAULT_KEY_SIZE = 2048;
/** F4, which every generator uses. A large one would make each verification as slow as a signature. */
const PUBLIC_EXPONENT = 65537n;

/** Makes a key pair. Throws a RangeError for any other size. */
export async function generateRsaKeys(
  bits: number,
): Promise<{ publicKey: KeyObject; privateKey: KeyObject }> {
  if (!isKeySize(bits)) throw new RangeError(`key: expected ${keySizes.join(", ")} bits, got ${bits}`);
  return promisify(generateKeyPair)("rsa", { modulusLength: bits });
}

/** What is wrong with a key, or undefined: it must be RSA, of one of the sizes, with the usual exponent. */
export function keyComplaint(key: KeyObject): string | undefined {
  if (key.asymmetricKeyType !== "rsa") return `${key.asymmetricKeyType} key`;
  const { modulusLength = 0, publicExponent } = key.asymmetricKeyDetails ?? {};
  if (!isKeySize(modulusLength)) return `RSA key of ${modulusLength} bits`;
  if (publicExponent !== PUBLIC_EXPONENT) return "RSA key with an unusual exponent";
  return undefined;
}

/** PKCS #8 in PEM. */
export function privateKeyPem(key: KeyObject): string {
  return key.export({ type: "pkcs8", format: "pem" }) as string;
}

function isKeySize(bits: number): boolean {
  return keySizes.some((size) => size === bits);
}
