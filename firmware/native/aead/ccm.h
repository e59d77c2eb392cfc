/*
 * AES-CCM (RFC 3610, SP 800-38C) with L = 2: a nonce of 13 bytes, messages of up to 65535 bytes, additional data
 * of up to 65279 bytes (the two-byte form of its length). Callers check the lengths.
 */
#ifndef SYMBOLON_CCM_H
#define SYMBOLON_CCM_H

#include "aes.h"

#define CCM_NONCE 13
#define CCM_MAX_TEXT 65535
#define CCM_MAX_AAD 65279

/* Writes `length` bytes of ciphertext and the tag to `sealed`, which may be `text`. */
void ccmSeal(const AesKey *key, const uint8_t nonce[CCM_NONCE], const uint8_t *aad, size_t aadLength,
	const uint8_t *text, size_t length, uint8_t *sealed, size_t tagLength);
/*
 * Opens `length` bytes of ciphertext with the tag behind them. Returns 1 and the plaintext, or 0 and zeros when
 * the tag does not hold. The tag is compared in constant time.
 */
int ccmOpen(const AesKey *key, const uint8_t nonce[CCM_NONCE], const uint8_t *aad, size_t aadLength,
	const uint8_t *sealed, size_t length, uint8_t *text, size_t tagLength);

#endif
