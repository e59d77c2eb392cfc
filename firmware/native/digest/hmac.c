/* HMAC (RFC 2104) with the states of the pad blocks kept, as its §4 suggests. */
#include "hash.h"

#include <string.h>

void hmacKey(HmacKey *key, const HashAlgorithm *algorithm, const uint8_t *bytes, size_t length)
{
	uint8_t block[HASH_BLOCK];
	size_t i;

	memset(block, 0, sizeof(block));
	if (length > HASH_BLOCK) {
		Hash hash;
		hashBegin(&hash, algorithm);
		hashAdd(&hash, bytes, length);
		hashEnd(&hash, block);
	} else if (length > 0)
		memcpy(block, bytes, length);
	key->algorithm = algorithm;
	for (i = 0; i < HASH_BLOCK; i++)
		block[i] ^= 0x36;
	memcpy(key->inner, algorithm->initial, sizeof(key->inner));
	algorithm->compress(key->inner, block);
	for (i = 0; i < HASH_BLOCK; i++)
		block[i] ^= 0x36 ^ 0x5c;
	memcpy(key->outer, algorithm->initial, sizeof(key->outer));
	algorithm->compress(key->outer, block);
	wipe(block, sizeof(block));
}

static void resume(Hash *hash, const HashAlgorithm *algorithm, const uint32_t state[8])
{
	hash->algorithm = algorithm;
	memcpy(hash->state, state, sizeof(hash->state));
	hash->length = HASH_BLOCK;
}

void hmacBegin(Hash *hash, const HmacKey *key)
{
	resume(hash, key->algorithm, key->inner);
}

void hmacEnd(Hash *hash, const HmacKey *key, uint8_t *digest)
{
	uint8_t inner[HASH_MAX_DIGEST];

	hashEnd(hash, inner);
	resume(hash, key->algorithm, key->outer);
	hashAdd(hash, inner, key->algorithm->digestLength);
	hashEnd(hash, digest);
	wipe(inner, sizeof(inner));
}

void hmac(const HmacKey *key, const uint8_t *first, size_t firstLength, const uint8_t *second,
	size_t secondLength, uint8_t *digest)
{
	Hash hash;

	hmacBegin(&hash, key);
	hashAdd(&hash, first, firstLength);
	hashAdd(&hash, second, secondLength);
	hmacEnd(&hash, key, digest);
}
