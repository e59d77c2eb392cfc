/*
 * AES-128 of the platform, for aead.c. One implementation an image: software.c, or that of a folder with the
 * platform's name. Lengths are checked by the caller (ccm.h has the limits).
 *
 * Each returns 0, or an error number of the platform's own when its hardware fails: then no output holds anything.
 */
#ifndef SYMBOLON_AEAD_H
#define SYMBOLON_AEAD_H

#include <stddef.h>
#include <stdint.h>

/* AES-CCM (RFC 3610, L = 2): writes `length` bytes of ciphertext and the tag to `sealed`, which may be `text`. */
int aeadSeal(const uint8_t *key, const uint8_t *nonce, const uint8_t *aad, size_t aadLength,
	const uint8_t *text, size_t length, uint8_t *sealed, size_t tagLength);
/*
 * Opens `length` bytes of ciphertext with the tag behind them. `holds` is 1 and `text` the plaintext, or 0 and
 * zeros when the tag does not hold. The tag is compared in constant time.
 */
int aeadOpen(const uint8_t *key, const uint8_t *nonce, const uint8_t *aad, size_t aadLength,
	const uint8_t *sealed, size_t length, uint8_t *text, size_t tagLength, int *holds);
/* Counter mode (SP 800-38A §6.5), the whole 16-byte block counts up, big-endian. */
int aeadCtr(const uint8_t *key, const uint8_t *counter, const uint8_t *data, uint8_t *out, size_t length);

#endif
