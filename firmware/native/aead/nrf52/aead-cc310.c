/*
 * AES-128 on the nRF52840's CryptoCell 310, through nrf_crypto of the nRF5 SDK 17. It links; nobody has run it on
 * hardware yet, and the known-answer tests at boot decide whether it may work.
 *
 * The CryptoCell reads RAM only, and constants of a script lie in flash: everything goes through a block on the
 * heap, which is wiped.
 */
#include "../aead.h"
#include "../ccm.h"
#include "../../digest/hash.h"

#include "xsHost.h"
#include "nrf_crypto.h"

/* Copies of what the CryptoCell works on; `in` and `out` lie behind them, of the text's length and a tag more. */
typedef struct {
	nrf_crypto_aead_context_t aead;
	nrf_crypto_aes_context_t aes;
	uint8_t key[AES_KEY];
	uint8_t counter[AES_BLOCK];
	uint8_t *aad;
	uint8_t *in;
	uint8_t *out;
	size_t size;
} Work;

static ret_code_t begin(Work **result, const uint8_t *key, const uint8_t *aad, size_t aadLength,
	const uint8_t *in, size_t length)
{
	size_t room = length + AES_BLOCK, size = sizeof(Work) + aadLength + 2 * room;
	ret_code_t error = nrf_crypto_is_initialized() ? NRF_SUCCESS : nrf_crypto_init();
	Work *work;

	if (error != NRF_SUCCESS)
		return error;
	work = c_calloc(1, size);
	if (work == NULL)
		return NRF_ERROR_NO_MEM;
	work->size = size;
	work->in = (uint8_t *)(work + 1);
	work->out = work->in + room;
	work->aad = work->out + room;
	c_memcpy(work->key, key, AES_KEY);
	c_memcpy(work->aad, aad, aadLength);
	c_memcpy(work->in, in, length);
	*result = work;
	return NRF_SUCCESS;
}

static void end(Work *work)
{
	wipe(work, work->size);
	c_free(work);
}

/* Seals work->in; the tag lands behind the ciphertext in work->out. */
static ret_code_t seal(Work *work, const uint8_t *nonce, size_t aadLength, size_t length, size_t tagLength)
{
	ret_code_t error = nrf_crypto_aead_init(&work->aead, &g_nrf_crypto_aes_ccm_128_info, work->key);
	ret_code_t ended;

	if (error != NRF_SUCCESS)
		return error;
	c_memcpy(work->counter, nonce, CCM_NONCE);
	error = nrf_crypto_aead_crypt(&work->aead, NRF_CRYPTO_ENCRYPT, work->counter, CCM_NONCE, work->aad,
		aadLength, work->in, length, work->out, work->out + length, (uint8_t)tagLength);
	ended = nrf_crypto_aead_uninit(&work->aead);
	return error != NRF_SUCCESS ? error : ended;
}

/* Counter mode from work->counter, work->in to work->out. */
static ret_code_t ctr(Work *work, size_t length)
{
	size_t done = length;

	if (length == 0)
		return NRF_SUCCESS;
	return nrf_crypto_aes_crypt(&work->aes, &g_nrf_crypto_aes_ctr_128_info, NRF_CRYPTO_ENCRYPT, work->key,
		work->counter, work->in, length, work->out, &done);
}

int aeadSeal(const uint8_t *key, const uint8_t *nonce, const uint8_t *aad, size_t aadLength,
	const uint8_t *text, size_t length, uint8_t *sealed, size_t tagLength)
{
	Work *work;
	ret_code_t error = begin(&work, key, aad, aadLength, text, length);

	if (error != NRF_SUCCESS)
		return (int)error;
	error = seal(work, nonce, aadLength, length, tagLength);
	if (error == NRF_SUCCESS)
		c_memcpy(sealed, work->out, length + tagLength);
	end(work);
	return (int)error;
}

/*
 * Decrypts in counter mode, seals the plaintext again and compares the tags here: whether the CryptoCell's
 * library, which comes without source, compares in constant time is not documented.
 */
int aeadOpen(const uint8_t *key, const uint8_t *nonce, const uint8_t *aad, size_t aadLength,
	const uint8_t *sealed, size_t length, uint8_t *text, size_t tagLength, int *holds)
{
	unsigned difference = 0;
	Work *work;
	size_t i;
	ret_code_t error = begin(&work, key, aad, aadLength, sealed, length);

	if (error != NRF_SUCCESS)
		return (int)error;
	/* A_1 of RFC 3610 §2.3: L - 1, the nonce, a counter of two bytes. */
	work->counter[0] = 1;
	c_memcpy(work->counter + 1, nonce, CCM_NONCE);
	work->counter[15] = 1;
	error = ctr(work, length);
	if (error == NRF_SUCCESS) {
		c_memcpy(work->in, work->out, length);
		error = seal(work, nonce, aadLength, length, tagLength);
	}
	if (error == NRF_SUCCESS) {
		for (i = 0; i < tagLength; i++)
			difference |= sealed[length + i] ^ work->out[length + i];
		*holds = difference == 0;
		if (*holds)
			c_memcpy(text, work->in, length);
		else
			c_memset(text, 0, length);
	}
	end(work);
	return (int)error;
}

int aeadCtr(const uint8_t *key, const uint8_t *counter, const uint8_t *data, uint8_t *out, size_t length)
{
	Work *work;
	ret_code_t error = begin(&work, key, NULL, 0, data, length);

	if (error != NRF_SUCCESS)
		return (int)error;
	c_memcpy(work->counter, counter, AES_BLOCK);
	error = ctr(work, length);
	if (error == NRF_SUCCESS)
		c_memcpy(out, work->out, length);
	end(work);
	return (int)error;
}
