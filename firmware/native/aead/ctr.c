/* AES-128 in counter mode (SP 800-38A §6.5). */
#include "aes.h"

#include "../digest/hash.h"

#include <string.h>

static void increment(uint8_t counter[AES_BLOCK])
{
	unsigned carry = 1;
	int i;

	for (i = AES_BLOCK - 1; i >= 0; i--) {
		carry += counter[i];
		counter[i] = (uint8_t)carry;
		carry >>= 8;
	}
}

void aesCtr(const AesKey *key, const uint8_t counter[AES_BLOCK], const uint8_t *data, uint8_t *out,
	size_t length)
{
	uint8_t next[AES_BLOCK], stream[2 * AES_BLOCK];
	size_t done, i;

	memcpy(next, counter, AES_BLOCK);
	for (done = 0; done < length; done += sizeof(stream)) {
		size_t part = length - done < sizeof(stream) ? length - done : sizeof(stream);
		memcpy(stream, next, AES_BLOCK);
		increment(next);
		memcpy(stream + AES_BLOCK, next, AES_BLOCK);
		increment(next);
		aesEncrypt2(key, stream, stream + AES_BLOCK);
		for (i = 0; i < part; i++)
			out[done + i] = data[done + i] ^ stream[i];
	}
	wipe(stream, sizeof(stream));
}
