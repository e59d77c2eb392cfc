#include "ccm.h"

#include "../digest/hash.h"

#include <string.h>

/* The two lanes of one AES call: the CBC-MAC and the key stream, which is always one block ahead. */
typedef struct {
	const AesKey *key;
	uint8_t mac[AES_BLOCK];
	uint8_t stream[AES_BLOCK];
	uint8_t counter[AES_BLOCK];
	uint8_t mask[AES_BLOCK]; /* S_0, which hides the tag */
} Ccm;

static void setCounter(Ccm *ccm, size_t index)
{
	memcpy(ccm->stream, ccm->counter, AES_BLOCK);
	ccm->stream[14] = (uint8_t)(index >> 8);
	ccm->stream[15] = (uint8_t)index;
}

/* Encrypts the MAC lane, and counter block `index` for the key stream beside it. */
static void step(Ccm *ccm, size_t index)
{
	setCounter(ccm, index);
	aesEncrypt2(ccm->key, ccm->mac, ccm->stream);
}

/* B_0, S_0 and the additional data. S_1 is ready afterwards. */
static void begin(Ccm *ccm, const AesKey *key, const uint8_t nonce[CCM_NONCE], const uint8_t *aad,
	size_t aadLength, size_t length, size_t tagLength)
{
	size_t used, i;

	ccm->key = key;
	memset(ccm->counter, 0, AES_BLOCK);
	ccm->counter[0] = 1; /* L - 1 */
	memcpy(ccm->counter + 1, nonce, CCM_NONCE);
	memcpy(ccm->mac, ccm->counter, AES_BLOCK);
	ccm->mac[0] = (uint8_t)((aadLength > 0 ? 0x40 : 0) | ((tagLength - 2) / 2) << 3 | 1);
	ccm->mac[14] = (uint8_t)(length >> 8);
	ccm->mac[15] = (uint8_t)length;
	step(ccm, 0);
	memcpy(ccm->mask, ccm->stream, AES_BLOCK);
	if (aadLength == 0) {
		setCounter(ccm, 1);
		aesEncrypt(ccm->key, ccm->stream);
		return;
	}
	ccm->mac[0] ^= (uint8_t)(aadLength >> 8);
	ccm->mac[1] ^= (uint8_t)aadLength;
	used = 2;
	for (i = 0; i < aadLength; i++) {
		if (used == AES_BLOCK) {
			aesEncrypt(ccm->key, ccm->mac);
			used = 0;
		}
		ccm->mac[used++] ^= aad[i];
	}
	step(ccm, 1);
}

/* One pass over the text. The MAC takes the plaintext: what comes in when sealing, what goes out when opening. */
static void crypt(Ccm *ccm, const uint8_t *in, uint8_t *out, size_t length, int sealing)
{
	size_t done, i, index = 1;

	for (done = 0; done < length; done += AES_BLOCK) {
		size_t part = length - done < AES_BLOCK ? length - done : AES_BLOCK;
		for (i = 0; i < part; i++) {
			uint8_t from = in[done + i];
			uint8_t to = from ^ ccm->stream[i];
			ccm->mac[i] ^= sealing ? from : to;
			out[done + i] = to;
		}
		step(ccm, ++index);
	}
}

void ccmSeal(const AesKey *key, const uint8_t nonce[CCM_NONCE], const uint8_t *aad, size_t aadLength,
	const uint8_t *text, size_t length, uint8_t *sealed, size_t tagLength)
{
	Ccm ccm;
	size_t i;

	begin(&ccm, key, nonce, aad, aadLength, length, tagLength);
	crypt(&ccm, text, sealed, length, 1);
	for (i = 0; i < tagLength; i++)
		sealed[length + i] = ccm.mac[i] ^ ccm.mask[i];
	wipe(&ccm, sizeof(ccm));
}

int ccmOpen(const AesKey *key, const uint8_t nonce[CCM_NONCE], const uint8_t *aad, size_t aadLength,
	const uint8_t *sealed, size_t length, uint8_t *text, size_t tagLength)
{
	Ccm ccm;
	unsigned difference = 0;
	size_t i;

	begin(&ccm, key, nonce, aad, aadLength, length, tagLength);
	crypt(&ccm, sealed, text, length, 0);
	for (i = 0; i < tagLength; i++)
		difference |= sealed[length + i] ^ ccm.mac[i] ^ ccm.mask[i];
	wipe(&ccm, sizeof(ccm));
	if (difference != 0)
		wipe(text, length);
	return difference == 0;
}
