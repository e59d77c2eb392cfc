/*
 * AES-128 over PSA Crypto, for the ESP32's AES peripheral.
 *
 * ESP-IDF v6.0 has a PSA driver for AES in CBC and CTR, and none for CCM: PSA's own CCM would be left with AES in
 * software, whose tables lie where a cache tells of them. So CCM (RFC 3610) is put together here from CBC, for the
 * MAC, and CTR, both on the peripheral. Which of the two is faster for our short messages, nobody has measured.
 *
 * Runs against Mbed TLS on a PC and type-checks against ESP-IDF's headers; nobody has run it on an ESP32 yet, and
 * the known-answer tests at boot decide whether it may work.
 */
#include "../aead.h"
#include "../ccm.h"
#include "../../digest/hash.h"

#include <psa/crypto.h>
#include <string.h>

/* Bytes that go to the peripheral at once; a multiple of the block. */
#define CHUNK 64

typedef struct {
	psa_cipher_operation_t operation;
	psa_key_id_t key;
} Cipher;

/* Begins one of the two modes; a PSA key is for one algorithm. Pair with `endCipher` whatever it returns. */
static psa_status_t beginCipher(Cipher *cipher, psa_algorithm_t algorithm, const uint8_t *key, const uint8_t *iv)
{
	psa_key_attributes_t attributes = PSA_KEY_ATTRIBUTES_INIT;
	psa_status_t status;

	cipher->operation = psa_cipher_operation_init();
	cipher->key = PSA_KEY_ID_NULL;
	psa_set_key_type(&attributes, PSA_KEY_TYPE_AES);
	psa_set_key_usage_flags(&attributes, PSA_KEY_USAGE_ENCRYPT);
	psa_set_key_algorithm(&attributes, algorithm);
	status = psa_crypto_init();
	if (status == PSA_SUCCESS)
		status = psa_import_key(&attributes, key, AES_KEY, &cipher->key);
	if (status == PSA_SUCCESS)
		status = psa_cipher_encrypt_setup(&cipher->operation, cipher->key, algorithm);
	if (status == PSA_SUCCESS)
		status = psa_cipher_set_iv(&cipher->operation, iv, AES_BLOCK);
	return status;
}

static psa_status_t update(Cipher *cipher, const uint8_t *in, uint8_t *out, size_t length)
{
	size_t done = 0;
	psa_status_t status;

	if (length == 0)
		return PSA_SUCCESS;
	status = psa_cipher_update(&cipher->operation, in, length, out, length, &done);
	return status == PSA_SUCCESS && done != length ? PSA_ERROR_GENERIC_ERROR : status;
}

/* `out` may be `in`, which PSA itself does not promise. */
static psa_status_t updateInPlace(Cipher *cipher, const uint8_t *in, uint8_t *out, size_t length)
{
	uint8_t chunk[CHUNK];
	size_t done, part;
	psa_status_t status = PSA_SUCCESS;

	for (done = 0; done < length && status == PSA_SUCCESS; done += part) {
		part = length - done < CHUNK ? length - done : CHUNK;
		memcpy(chunk, in + done, part);
		status = update(cipher, chunk, out + done, part);
	}
	wipe(chunk, sizeof(chunk));
	return status;
}

static void endCipher(Cipher *cipher)
{
	/* Both do nothing to what never began. */
	(void)psa_cipher_abort(&cipher->operation);
	(void)psa_destroy_key(cipher->key);
}

typedef struct {
	Cipher cipher;
	psa_status_t status;
	uint8_t in[CHUNK];
	uint8_t out[CHUNK]; /* the MAC so far is the last block of what came out */
	size_t used;
	uint8_t mac[AES_BLOCK];
} Mac;

static void flush(Mac *mac)
{
	size_t whole = (mac->used + AES_BLOCK - 1) / AES_BLOCK * AES_BLOCK;

	if (whole == 0 || mac->status != PSA_SUCCESS)
		return;
	memset(mac->in + mac->used, 0, whole - mac->used);
	mac->status = update(&mac->cipher, mac->in, mac->out, whole);
	memcpy(mac->mac, mac->out + whole - AES_BLOCK, AES_BLOCK);
	mac->used = 0;
}

static void absorb(Mac *mac, const uint8_t *data, size_t length)
{
	while (length > 0) {
		size_t part = CHUNK - mac->used < length ? CHUNK - mac->used : length;
		memcpy(mac->in + mac->used, data, part);
		mac->used += part;
		data += part;
		length -= part;
		if (mac->used == CHUNK)
			flush(mac);
	}
}

/* The CBC-MAC of RFC 3610 §2.2. */
static psa_status_t computeMac(uint8_t *result, const uint8_t *key, const uint8_t *nonce, const uint8_t *aad,
	size_t aadLength, const uint8_t *text, size_t length, size_t tagLength)
{
	static const uint8_t zeros[AES_BLOCK];
	uint8_t first[AES_BLOCK], aadHeader[2];
	Mac mac;
	psa_status_t status;

	first[0] = (uint8_t)((aadLength > 0 ? 0x40 : 0) | ((tagLength - 2) / 2) << 3 | 1);
	memcpy(first + 1, nonce, CCM_NONCE);
	first[14] = (uint8_t)(length >> 8);
	first[15] = (uint8_t)length;
	mac.used = 0;
	mac.status = beginCipher(&mac.cipher, PSA_ALG_CBC_NO_PADDING, key, zeros);
	absorb(&mac, first, AES_BLOCK);
	if (aadLength > 0) {
		aadHeader[0] = (uint8_t)(aadLength >> 8);
		aadHeader[1] = (uint8_t)aadLength;
		absorb(&mac, aadHeader, sizeof(aadHeader));
		absorb(&mac, aad, aadLength);
		flush(&mac);
	}
	absorb(&mac, text, length);
	flush(&mac);
	endCipher(&mac.cipher);
	memcpy(result, mac.mac, AES_BLOCK);
	status = mac.status;
	wipe(&mac, sizeof(mac));
	return status;
}

/* RFC 3610 §2.3: what hides the tag, S_0, then the text under S_1 and on. */
static psa_status_t encrypt(uint8_t *mask, const uint8_t *key, const uint8_t *nonce, const uint8_t *in,
	uint8_t *out, size_t length)
{
	static const uint8_t zeros[AES_BLOCK];
	uint8_t counter[AES_BLOCK] = { 1 };
	Cipher cipher;
	psa_status_t status;

	memcpy(counter + 1, nonce, CCM_NONCE);
	status = beginCipher(&cipher, PSA_ALG_CTR, key, counter);
	if (status == PSA_SUCCESS)
		status = update(&cipher, zeros, mask, AES_BLOCK);
	if (status == PSA_SUCCESS)
		status = updateInPlace(&cipher, in, out, length);
	endCipher(&cipher);
	return status;
}

int aeadSeal(const uint8_t *key, const uint8_t *nonce, const uint8_t *aad, size_t aadLength,
	const uint8_t *text, size_t length, uint8_t *sealed, size_t tagLength)
{
	uint8_t mac[AES_BLOCK], mask[AES_BLOCK];
	size_t i;
	psa_status_t status = computeMac(mac, key, nonce, aad, aadLength, text, length, tagLength);

	if (status == PSA_SUCCESS)
		status = encrypt(mask, key, nonce, text, sealed, length);
	if (status == PSA_SUCCESS) {
		for (i = 0; i < tagLength; i++)
			sealed[length + i] = mac[i] ^ mask[i];
	} else
		wipe(sealed, length + tagLength);
	wipe(mac, sizeof(mac));
	return (int)status;
}

int aeadOpen(const uint8_t *key, const uint8_t *nonce, const uint8_t *aad, size_t aadLength,
	const uint8_t *sealed, size_t length, uint8_t *text, size_t tagLength, int *holds)
{
	uint8_t mac[AES_BLOCK], mask[AES_BLOCK];
	unsigned difference = 0;
	size_t i;
	psa_status_t status = encrypt(mask, key, nonce, sealed, text, length);

	if (status == PSA_SUCCESS)
		status = computeMac(mac, key, nonce, aad, aadLength, text, length, tagLength);
	if (status == PSA_SUCCESS) {
		for (i = 0; i < tagLength; i++)
			difference |= sealed[length + i] ^ mac[i] ^ mask[i];
	}
	*holds = status == PSA_SUCCESS && difference == 0;
	if (!*holds)
		wipe(text, length);
	wipe(mac, sizeof(mac));
	return (int)status;
}

int aeadCtr(const uint8_t *key, const uint8_t *counter, const uint8_t *data, uint8_t *out, size_t length)
{
	Cipher cipher;
	psa_status_t status = beginCipher(&cipher, PSA_ALG_CTR, key, counter);

	if (status == PSA_SUCCESS)
		status = updateInPlace(&cipher, data, out, length);
	endCipher(&cipher);
	if (status != PSA_SUCCESS)
		wipe(out, length);
	return (int)status;
}
