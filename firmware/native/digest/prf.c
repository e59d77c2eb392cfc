/*
 * The MIKEY PRF (RFC 3830 §4.1.2; with HMAC-SHA-256 RFC 6043 §6.1): inkey is split into chunks of 256 bits,
 * each drives P(s, label, m), and the outputs are XORed.
 */
#include "hash.h"

#include <string.h>

/* XORs P(s, label, m) to `out`; `key` is s. */
static void expand(const HmacKey *key, const uint8_t *label, size_t labelLength, uint8_t *out, size_t length)
{
	size_t digestLength = key->algorithm->digestLength;
	uint8_t a[HASH_MAX_DIGEST], p[HASH_MAX_DIGEST];
	size_t done, i;

	hmac(key, label, labelLength, NULL, 0, a); /* A_1 = H(s, A_0), A_0 = label */
	for (done = 0; done < length; done += digestLength) {
		if (done > 0)
			hmac(key, a, digestLength, NULL, 0, a);
		hmac(key, a, digestLength, label, labelLength, p);
		for (i = 0; i < digestLength && done + i < length; i++)
			out[done + i] ^= p[i];
	}
	wipe(a, sizeof(a));
	wipe(p, sizeof(p));
}

void mikeyPrfKeyed(const HmacKey *key, const uint8_t *label, size_t labelLength, uint8_t *out, size_t length)
{
	memset(out, 0, length);
	expand(key, label, labelLength, out, length);
}

void mikeyPrf(const HashAlgorithm *algorithm, const uint8_t *inkey, size_t inkeyLength, const uint8_t *label,
	size_t labelLength, uint8_t *out, size_t length)
{
	memset(out, 0, length);
	while (inkeyLength > 0) {
		size_t chunk = inkeyLength < PRF_CHUNK ? inkeyLength : PRF_CHUNK;
		HmacKey key;

		hmacKey(&key, algorithm, inkey, chunk);
		expand(&key, label, labelLength, out, length);
		wipe(&key, sizeof(key));
		inkey += chunk;
		inkeyLength -= chunk;
	}
}
