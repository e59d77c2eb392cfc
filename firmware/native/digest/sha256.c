/* SHA-256's compression function (FIPS 180-4 §6.2.2). */
#include "hash.h"

static const uint32_t K[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
	0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
	0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
	0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
	0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t rotate(uint32_t x, unsigned bits)
{
	return (x >> bits) | (x << (32 - bits));
}

/* Sixteen rounds take the words of the block in order; `word` gives word `i`. */
#define ROUND(a, b, c, d, e, f, g, h, i, word) \
	do { \
		uint32_t t1_ = (h) + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((g) ^ ((e) & ((f) ^ (g)))) + \
			k[i] + (word); \
		(d) += t1_; \
		(h) = t1_ + (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + (((a) & (b)) | ((c) & ((a) | (b)))); \
	} while (0)
#define SIXTEEN_ROUNDS(word) \
	do { \
		ROUND(a, b, c, d, e, f, g, h, 0, word(0)); \
		ROUND(h, a, b, c, d, e, f, g, 1, word(1)); \
		ROUND(g, h, a, b, c, d, e, f, 2, word(2)); \
		ROUND(f, g, h, a, b, c, d, e, 3, word(3)); \
		ROUND(e, f, g, h, a, b, c, d, 4, word(4)); \
		ROUND(d, e, f, g, h, a, b, c, 5, word(5)); \
		ROUND(c, d, e, f, g, h, a, b, 6, word(6)); \
		ROUND(b, c, d, e, f, g, h, a, 7, word(7)); \
		ROUND(a, b, c, d, e, f, g, h, 8, word(8)); \
		ROUND(h, a, b, c, d, e, f, g, 9, word(9)); \
		ROUND(g, h, a, b, c, d, e, f, 10, word(10)); \
		ROUND(f, g, h, a, b, c, d, e, 11, word(11)); \
		ROUND(e, f, g, h, a, b, c, d, 12, word(12)); \
		ROUND(d, e, f, g, h, a, b, c, 13, word(13)); \
		ROUND(c, d, e, f, g, h, a, b, 14, word(14)); \
		ROUND(b, c, d, e, f, g, h, a, 15, word(15)); \
	} while (0)

/* Words 0 to 15 are the block; later ones replace the one sixteen before (§6.2.2, step 1). */
#define LOADED(i) (w[i] = load(block + 4 * (i)))
#define EXPANDED(i) \
	(w[i] += w[((i) + 9) & 15] + (rotate(w[((i) + 1) & 15], 7) ^ rotate(w[((i) + 1) & 15], 18) ^ \
		(w[((i) + 1) & 15] >> 3)) + (rotate(w[((i) + 14) & 15], 17) ^ rotate(w[((i) + 14) & 15], 19) ^ \
		(w[((i) + 14) & 15] >> 10)))

static uint32_t load(const uint8_t bytes[4])
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static void compress(uint32_t state[8], const uint8_t block[HASH_BLOCK])
{
	const uint32_t *k = K;
	uint32_t w[16];
	uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
	uint32_t e = state[4], f = state[5], g = state[6], h = state[7];

	SIXTEEN_ROUNDS(LOADED);
	for (k += 16; k < K + 64; k += 16)
		SIXTEEN_ROUNDS(EXPANDED);
	state[0] += a;
	state[1] += b;
	state[2] += c;
	state[3] += d;
	state[4] += e;
	state[5] += f;
	state[6] += g;
	state[7] += h;
	wipe(w, sizeof(w));
}

const HashAlgorithm sha256 = {
	32,
	{ 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19 },
	compress,
};
