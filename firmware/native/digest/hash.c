/* Merkle–Damgård padding of FIPS 180-4 §5.1.1, the same for SHA-1 and SHA-256. */
#include "hash.h"

#include <string.h>

void hashBegin(Hash *hash, const HashAlgorithm *algorithm)
{
	hash->algorithm = algorithm;
	memcpy(hash->state, algorithm->initial, sizeof(hash->state));
	hash->length = 0;
}

void hashAdd(Hash *hash, const uint8_t *data, size_t length)
{
	size_t used = hash->length % HASH_BLOCK;

	if (length == 0)
		return;
	hash->length += (uint32_t)length;
	if (used + length >= HASH_BLOCK && used > 0) {
		size_t missing = HASH_BLOCK - used;
		memcpy(hash->block + used, data, missing);
		hash->algorithm->compress(hash->state, hash->block);
		data += missing;
		length -= missing;
		used = 0;
	}
	while (length >= HASH_BLOCK) {
		hash->algorithm->compress(hash->state, data);
		data += HASH_BLOCK;
		length -= HASH_BLOCK;
	}
	if (length > 0)
		memcpy(hash->block + used, data, length);
}

void hashEnd(Hash *hash, uint8_t *digest)
{
	size_t used = hash->length % HASH_BLOCK;
	uint32_t bits = hash->length << 3;
	size_t i;

	hash->block[used++] = 0x80;
	if (used > HASH_BLOCK - 8) {
		memset(hash->block + used, 0, HASH_BLOCK - used);
		hash->algorithm->compress(hash->state, hash->block);
		used = 0;
	}
	memset(hash->block + used, 0, HASH_BLOCK - 5 - used);
	hash->block[HASH_BLOCK - 5] = (uint8_t)(hash->length >> 29);
	for (i = 0; i < 4; i++)
		hash->block[HASH_BLOCK - 1 - i] = (uint8_t)(bits >> (8 * i));
	hash->algorithm->compress(hash->state, hash->block);
	for (i = 0; i < hash->algorithm->digestLength / 4; i++) {
		uint32_t word = hash->state[i];
		*digest++ = (uint8_t)(word >> 24);
		*digest++ = (uint8_t)(word >> 16);
		*digest++ = (uint8_t)(word >> 8);
		*digest++ = (uint8_t)word;
	}
	wipe(hash, sizeof(*hash));
}

void wipe(void *secret, size_t length)
{
	/* Nobody knows what a volatile pointer points to, so the call stays. */
	static void *(*const volatile fill)(void *, int, size_t) = memset;

	fill(secret, 0, length);
}
