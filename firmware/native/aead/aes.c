#include "aes.h"

#include "../digest/hash.h"

/* Exchanges the bits of `high` that `mask` selects with those of `low` under mask << shift. */
#define EXCHANGE(low, high, mask, shift) \
	do { \
		uint32_t bits_ = (((low) >> (shift)) ^ (high)) & (mask); \
		(high) ^= bits_; \
		(low) ^= bits_ << (shift); \
	} while (0)

/*
 * Transposes: words q[0], q[2], q[4], q[6] of one block and q[1], q[3], q[5], q[7] of the other (little-endian)
 * become q[i] = bit i of all 32 bytes, and back.
 */
static void transpose(uint32_t q[8])
{
	int i;

	for (i = 0; i < 8; i += 2)
		EXCHANGE(q[i], q[i + 1], 0x55555555u, 1);
	for (i = 0; i < 8; i += (i & 1) ? 3 : 1)
		EXCHANGE(q[i], q[i + 2], 0x33333333u, 2);
	for (i = 0; i < 4; i++)
		EXCHANGE(q[i], q[i + 4], 0x0F0F0F0Fu, 4);
}

/* S-box on all bytes. x0 and s0 are the highest bits, as in the paper. */
static void substitute(uint32_t q[8])
{
	uint32_t x0 = q[7], x1 = q[6], x2 = q[5], x3 = q[4], x4 = q[3], x5 = q[2], x6 = q[1], x7 = q[0];
	uint32_t y1, y2, y3, y4, y5, y6, y7, y8, y9, y10, y11, y12, y13, y14, y15, y16, y17, y18, y19, y20, y21;
	uint32_t z0, z1, z2, z3, z4, z5, z6, z7, z8, z9, z10, z11, z12, z13, z14, z15, z16, z17;
	uint32_t t0, t1, t2, t3, t4, t5, t6, t7, t8, t9, t10, t11, t12, t13, t14, t15, t16, t17, t18, t19, t20;
	uint32_t t21, t22, t23, t24, t25, t26, t27, t28, t29, t30, t31, t32, t33, t34, t35, t36, t37, t38, t39;
	uint32_t t40, t41, t42, t43, t44, t45, t46, t47, t48, t49, t50, t51, t52, t53, t54, t55, t56, t57, t58;
	uint32_t t59, t60, t61, t62, t63, t64, t65, t66, t67, s3;

	/* Top linear layer */
	y14 = x3 ^ x5;
	y13 = x0 ^ x6;
	y9 = x0 ^ x3;
	y8 = x0 ^ x5;
	t0 = x1 ^ x2;
	y1 = t0 ^ x7;
	y4 = y1 ^ x3;
	y12 = y13 ^ y14;
	y2 = y1 ^ x0;
	y5 = y1 ^ x6;
	y3 = y5 ^ y8;
	t1 = x4 ^ y12;
	y15 = t1 ^ x5;
	y20 = t1 ^ x1;
	y6 = y15 ^ x7;
	y10 = y15 ^ t0;
	y11 = y20 ^ y9;
	y7 = x7 ^ y11;
	y17 = y10 ^ y11;
	y19 = y10 ^ y8;
	y16 = t0 ^ y11;
	y21 = y13 ^ y16;
	y18 = x0 ^ y16;

	/* Inversion in GF(2^8) */
	t2 = y12 & y15;
	t3 = y3 & y6;
	t4 = t3 ^ t2;
	t5 = y4 & x7;
	t6 = t5 ^ t2;
	t7 = y13 & y16;
	t8 = y5 & y1;
	t9 = t8 ^ t7;
	t10 = y2 & y7;
	t11 = t10 ^ t7;
	t12 = y9 & y11;
	t13 = y14 & y17;
	t14 = t13 ^ t12;
	t15 = y8 & y10;
	t16 = t15 ^ t12;
	t17 = t4 ^ t14;
	t18 = t6 ^ t16;
	t19 = t9 ^ t14;
	t20 = t11 ^ t16;
	t21 = t17 ^ y20;
	t22 = t18 ^ y19;
	t23 = t19 ^ y21;
	t24 = t20 ^ y18;
	t25 = t21 ^ t22;
	t26 = t21 & t23;
	t27 = t24 ^ t26;
	t28 = t25 & t27;
	t29 = t28 ^ t22;
	t30 = t23 ^ t24;
	t31 = t22 ^ t26;
	t32 = t31 & t30;
	t33 = t32 ^ t24;
	t34 = t23 ^ t33;
	t35 = t27 ^ t33;
	t36 = t24 & t35;
	t37 = t36 ^ t34;
	t38 = t27 ^ t36;
	t39 = t29 & t38;
	t40 = t25 ^ t39;
	t41 = t40 ^ t37;
	t42 = t29 ^ t33;
	t43 = t29 ^ t40;
	t44 = t33 ^ t37;
	t45 = t42 ^ t41;
	z0 = t44 & y15;
	z1 = t37 & y6;
	z2 = t33 & x7;
	z3 = t43 & y16;
	z4 = t40 & y1;
	z5 = t29 & y7;
	z6 = t42 & y11;
	z7 = t45 & y17;
	z8 = t41 & y10;
	z9 = t44 & y12;
	z10 = t37 & y3;
	z11 = t33 & y4;
	z12 = t43 & y13;
	z13 = t40 & y5;
	z14 = t29 & y2;
	z15 = t42 & y9;
	z16 = t45 & y14;
	z17 = t41 & y8;

	/* Bottom linear layer */
	t46 = z15 ^ z16;
	t47 = z10 ^ z11;
	t48 = z5 ^ z13;
	t49 = z9 ^ z10;
	t50 = z2 ^ z12;
	t51 = z2 ^ z5;
	t52 = z7 ^ z8;
	t53 = z0 ^ z3;
	t54 = z6 ^ z7;
	t55 = z16 ^ z17;
	t56 = z12 ^ t48;
	t57 = t50 ^ t53;
	t58 = z4 ^ t46;
	t59 = z3 ^ t54;
	t60 = t46 ^ t57;
	t61 = z14 ^ t57;
	t62 = t52 ^ t58;
	t63 = t49 ^ t58;
	t64 = z4 ^ t59;
	t65 = t61 ^ t62;
	t66 = z1 ^ t63;
	t67 = t64 ^ t65;
	s3 = t53 ^ t66;
	q[7] = t59 ^ t63;
	q[6] = t64 ^ ~s3;
	q[5] = t55 ^ ~t67;
	q[4] = s3;
	q[3] = t51 ^ t66;
	q[2] = t47 ^ t65;
	q[1] = t56 ^ ~t62;
	q[0] = t48 ^ ~t60;
}

/* Exchanges the bits of x that `mask` selects with those `shift` above. */
#define SWAP(x, mask, shift) \
	do { \
		uint32_t bits_ = (((x) >> (shift)) ^ (x)) & (mask); \
		(x) ^= bits_ ^ (bits_ << (shift)); \
	} while (0)

/* Each row of the state is one byte of every word, a column two bits of it. */
static void shiftRows(uint32_t q[8])
{
	int i;

	for (i = 0; i < 8; i++) {
		uint32_t x = q[i];
		SWAP(x, 0x0F0F0000u, 4); /* rows 2 and 3 by two columns */
		SWAP(x, 0x33003300u, 2); /* rows 1 and 3 by one: columns 0 and 1, 2 and 3, */
		SWAP(x, 0x0C000C00u, 4); /* then 1 and 3 */
		q[i] = x;
	}
}

static uint32_t rotate(uint32_t x, unsigned bits)
{
	return (x >> bits) | (x << (32 - bits));
}

/* s'_r = 2(s_r + s_r+1) + s_r+1 + s_r+2 + s_r+3; doubling moves bit i to i + 1 and folds bit 7 by 0x1B. */
static void mixColumns(uint32_t q[8])
{
	uint32_t pair[8], fold;
	int i;

	for (i = 0; i < 8; i++)
		pair[i] = q[i] ^ rotate(q[i], 8);
	fold = pair[7];
	for (i = 7; i > 0; i--)
		q[i] = pair[i - 1] ^ rotate(q[i], 8) ^ rotate(pair[i], 16) ^ ((i == 1 || i == 3 || i == 4) ? fold : 0);
	q[0] = fold ^ rotate(q[0], 8) ^ rotate(pair[0], 16);
}

static void addRoundKey(uint32_t q[8], const uint32_t key[8])
{
	int i;

	for (i = 0; i < 8; i++)
		q[i] ^= key[i];
}

static uint32_t load(const uint8_t *bytes)
{
	return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static void store(uint8_t *bytes, uint32_t word)
{
	bytes[0] = (uint8_t)word;
	bytes[1] = (uint8_t)(word >> 8);
	bytes[2] = (uint8_t)(word >> 16);
	bytes[3] = (uint8_t)(word >> 24);
}

void aesKey(AesKey *key, const uint8_t bytes[AES_KEY])
{
	uint32_t words[4], q[8], constant = 1;
	int round, i;

	for (i = 0; i < 4; i++)
		words[i] = load(bytes + 4 * i);
	for (round = 0; round <= AES_ROUNDS; round++) {
		uint32_t *sliced = key->round[round];
		for (i = 0; i < 4; i++)
			sliced[2 * i] = sliced[2 * i + 1] = words[i];
		transpose(sliced);

		/* FIPS 197 §5.2 with little-endian words: RotWord turns right, Rcon is in the low byte. */
		for (i = 0; i < 8; i++)
			q[i] = words[3];
		transpose(q);
		substitute(q);
		transpose(q);
		words[0] ^= rotate(q[0], 8) ^ constant;
		for (i = 1; i < 4; i++)
			words[i] ^= words[i - 1];
		constant = (constant << 1) ^ ((constant >> 7) * 0x11Bu); /* public */
	}
	wipe(words, sizeof(words));
	wipe(q, sizeof(q));
}

void aesEncrypt2(const AesKey *key, uint8_t first[AES_BLOCK], uint8_t second[AES_BLOCK])
{
	uint32_t q[8];
	int round, i;

	for (i = 0; i < 4; i++) {
		q[2 * i] = load(first + 4 * i);
		q[2 * i + 1] = load(second + 4 * i);
	}
	transpose(q);
	addRoundKey(q, key->round[0]);
	for (round = 1; round < AES_ROUNDS; round++) {
		substitute(q);
		shiftRows(q);
		mixColumns(q);
		addRoundKey(q, key->round[round]);
	}
	substitute(q);
	shiftRows(q);
	addRoundKey(q, key->round[AES_ROUNDS]);
	transpose(q);
	for (i = 0; i < 4; i++) {
		store(first + 4 * i, q[2 * i]);
		store(second + 4 * i, q[2 * i + 1]);
	}
	wipe(q, sizeof(q));
}

void aesEncrypt(const AesKey *key, uint8_t block[AES_BLOCK])
{
	aesEncrypt2(key, block, block);
}
