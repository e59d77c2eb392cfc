/* AES-128 without hardware: ccm.c over aes.c. It can't fail. */
#include "aead.h"
#include "ccm.h"
#include "../digest/hash.h"

int aeadSeal(const uint8_t *key, const uint8_t *nonce, const uint8_t *aad, size_t aadLength,
	const uint8_t *text, size_t length, uint8_t *sealed, size_t tagLength)
{
	AesKey schedule;

	aesKey(&schedule, key);
	ccmSeal(&schedule, nonce, aad, aadLength, text, length, sealed, tagLength);
	wipe(&schedule, sizeof(schedule));
	return 0;
}

int aeadOpen(const uint8_t *key, const uint8_t *nonce, const uint8_t *aad, size_t aadLength,
	const uint8_t *sealed, size_t length, uint8_t *text, size_t tagLength, int *holds)
{
	AesKey schedule;

	aesKey(&schedule, key);
	*holds = ccmOpen(&schedule, nonce, aad, aadLength, sealed, length, text, tagLength);
	wipe(&schedule, sizeof(schedule));
	return 0;
}

int aeadCtr(const uint8_t *key, const uint8_t *counter, const uint8_t *data, uint8_t *out, size_t length)
{
	AesKey schedule;

	aesKey(&schedule, key);
	aesCtr(&schedule, counter, data, out, length);
	wipe(&schedule, sizeof(schedule));
	return 0;
}
