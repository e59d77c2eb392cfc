/* SHA-1's compression function (FIPS 180-4 §6.1.2). For RFC 3830's default suite; HMAC-SHA-1 still holds. */
#include "hash.h"

static uint32_t rotate(uint32_t x, unsigned bits)
{
	return (x << bits) | (x >> (32 - bits));
}

static void compress(uint32_t state[8], const uint8_t block[HASH_BLOCK])
{
	uint32_t w[16];
	uint32_t a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];
	unsigned t;

	for (t = 0; t < 80; t++) {
		uint32_t f, k, word, next;

		if (t < 16)
			word = (uint32_t)block[4 * t] << 24 | (uint32_t)block[4 * t + 1] << 16 |
				(uint32_t)block[4 * t + 2] << 8 | block[4 * t + 3];
		else
			word = rotate(w[(t + 13) & 15] ^ w[(t + 8) & 15] ^ w[(t + 2) & 15] ^ w[t & 15], 1);
		w[t & 15] = word;
		if (t < 20) {
			f = (b & c) | (~b & d);
			k = 0x5A827999;
		} else if (t < 40) {
			f = b ^ c ^ d;
			k = 0x6ED9EBA1;
		} else if (t < 60) {
			f = (b & c) | (b & d) | (c & d);
			k = 0x8F1BBCDC;
		} else {
			f = b ^ c ^ d;
			k = 0xCA62C1D6;
		}
		next = rotate(a, 5) + f + e + k + word;
		e = d;
		d = c;
		c = rotate(b, 30);
		b = a;
		a = next;
	}
	state[0] += a;
	state[1] += b;
	state[2] += c;
	state[3] += d;
	state[4] += e;
	wipe(w, sizeof(w));
}

const HashAlgorithm sha1 = {
	20,
	{ 0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0, 0, 0, 0 },
	compress,
};
