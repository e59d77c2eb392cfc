/*
 * XS in C: the functions of aead.ts. Results go to arrays that the script has made: nothing here allocates, so
 * pointers into the chunk heap hold.
 */
#include "aead.h"
#include "ccm.h"
#include "../digest/hash.h"
#include "xsmc.h"

#include <string.h>

typedef struct {
	uint8_t *data;
	xsUnsignedValue length;
} Bytes;

static Bytes readable(xsMachine *the, int argument)
{
	Bytes bytes;
	void *data;

	xsmcGetBufferReadable(xsArg(argument), &data, &bytes.length);
	bytes.data = data;
	return bytes;
}

static Bytes writable(xsMachine *the, int argument)
{
	Bytes bytes;
	void *data;

	xsmcGetBufferWritable(xsArg(argument), &data, &bytes.length);
	bytes.data = data;
	return bytes;
}

static void expect(xsMachine *the, const char *name, xsUnsignedValue expected, xsUnsignedValue length)
{
	if (length != expected)
		xsRangeError("%s: expected %u bytes, got %u", name, (unsigned)expected, (unsigned)length);
}

/* Arguments of both directions: (key, nonce, aad, in, out); the tag is what one of in and out has more. */
static xsUnsignedValue checkCcm(xsMachine *the, Bytes key, Bytes nonce, Bytes aad, Bytes text, Bytes sealed)
{
	xsUnsignedValue tagLength = sealed.length - text.length;

	expect(the, "key", AES_KEY, key.length);
	expect(the, "nonce", CCM_NONCE, nonce.length);
	if (aad.length > CCM_MAX_AAD)
		xsRangeError("aad: expected at most %d bytes, got %u", CCM_MAX_AAD, (unsigned)aad.length);
	if (text.length > CCM_MAX_TEXT)
		xsRangeError("text: expected at most %d bytes, got %u", CCM_MAX_TEXT, (unsigned)text.length);
	if (sealed.length < text.length || (tagLength != 8 && tagLength != 16))
		xsRangeError("tag: expected 8 or 16 bytes, got %d", (int)tagLength);
	return tagLength;
}

/* Hardware that fails ends the operation; what it left behind is nobody's result. */
static void check(xsMachine *the, int error)
{
	if (error != 0)
		xsUnknownError("aead: the cipher failed with error %d", error);
}

/* xs_ccm_seal(key, nonce, aad, text, sealed) */
void xs_ccm_seal(xsMachine *the)
{
	Bytes key = readable(the, 0), nonce = readable(the, 1), aad = readable(the, 2), text = readable(the, 3);
	Bytes sealed = writable(the, 4);
	xsUnsignedValue tagLength = checkCcm(the, key, nonce, aad, text, sealed);

	check(the, aeadSeal(key.data, nonce.data, aad.data, aad.length, text.data, text.length, sealed.data,
		tagLength));
}

/* xs_ccm_open(key, nonce, aad, sealed, text): whether the tag holds */
void xs_ccm_open(xsMachine *the)
{
	Bytes key = readable(the, 0), nonce = readable(the, 1), aad = readable(the, 2), sealed = readable(the, 3);
	Bytes text = writable(the, 4);
	xsUnsignedValue tagLength = checkCcm(the, key, nonce, aad, text, sealed);
	int holds = 0;

	check(the, aeadOpen(key.data, nonce.data, aad.data, aad.length, sealed.data, text.length, text.data,
		tagLength, &holds));
	xsmcSetBoolean(xsResult, holds);
}

/* xs_aes_ctr(key, counter, data, out) */
void xs_aes_ctr(xsMachine *the)
{
	Bytes key = readable(the, 0), counter = readable(the, 1), data = readable(the, 2);
	Bytes out = writable(the, 3);

	expect(the, "key", AES_KEY, key.length);
	expect(the, "counter", AES_BLOCK, counter.length);
	expect(the, "out", data.length, out.length);
	check(the, aeadCtr(key.data, counter.data, data.data, out.data, data.length));
}

/* RFC 3830 §4.1.4: constants of encr_key and salt_key, and cs_id. */
static const uint8_t encryptionLabel[5] = { 0x15, 0x05, 0x33, 0xE1, 0xFF };
static const uint8_t saltLabel[5] = { 0x29, 0xB8, 0x89, 0x16, 0xFF };
#define CSB_ID 4
#define TIMESTAMP 8
/* The longest that goes before a KEMAC's contents, and RAND: more than any message to a third party has. */
#define MAX_COVER 512
#define MAX_RAND 64

/*
 * xs_ccm_seal_message(key, csbId, rand, timestamp, message, dataOffset, tagLength): protocol/mikey/kemac.ts. The
 * additional data are the message up to the contents, and MAC alg, which stands behind them.
 */
void xs_ccm_seal_message(xsMachine *the)
{
	Bytes key = readable(the, 0), csbId = readable(the, 1), rand = readable(the, 2), timestamp = readable(the, 3);
	Bytes message = writable(the, 4);
	xsUnsignedValue dataOffset = (xsUnsignedValue)xsmcToInteger(xsArg(5));
	xsUnsignedValue tagLength = (xsUnsignedValue)xsmcToInteger(xsArg(6)), length;
	uint8_t label[sizeof(saltLabel) + CSB_ID + MAX_RAND], aad[MAX_COVER + 1], cipherKey[AES_KEY], nonce[CCM_NONCE];
	xsUnsignedValue labelLength = sizeof(saltLabel) + CSB_ID + rand.length;
	HmacKey prfKey;
	int error, i;

	expect(the, "CSB ID", CSB_ID, csbId.length);
	expect(the, "timestamp", TIMESTAMP, timestamp.length);
	if (key.length == 0 || key.length > PRF_CHUNK || rand.length > MAX_RAND)
		xsRangeError("key: expected 1 to %d bytes, RAND at most %d", PRF_CHUNK, MAX_RAND);
	if (tagLength != 8 && tagLength != 16)
		xsRangeError("tag: expected 8 or 16 bytes, got %d", (int)tagLength);
	if (dataOffset > MAX_COVER || message.length < dataOffset + 1 + tagLength)
		xsRangeError("message: no contents at %u of %u bytes", (unsigned)dataOffset, (unsigned)message.length);
	length = message.length - tagLength - 1 - dataOffset;

	memcpy(label + sizeof(saltLabel), csbId.data, CSB_ID);
	memcpy(label + sizeof(saltLabel) + CSB_ID, rand.data, rand.length);
	memcpy(label, encryptionLabel, sizeof(encryptionLabel));
	hmacKey(&prfKey, &sha256, key.data, key.length);
	mikeyPrfKeyed(&prfKey, label, labelLength, cipherKey, sizeof(cipherKey));
	memcpy(label, saltLabel, sizeof(saltLabel));
	mikeyPrfKeyed(&prfKey, label, labelLength, nonce, sizeof(nonce));
	wipe(&prfKey, sizeof(prfKey));
	for (i = 0; i < CSB_ID; i++)
		nonce[1 + i] ^= csbId.data[i];
	for (i = 0; i < TIMESTAMP; i++)
		nonce[1 + CSB_ID + i] ^= timestamp.data[i];

	memcpy(aad, message.data, dataOffset);
	aad[dataOffset] = message.data[dataOffset + length];
	/* The MAC alg stands where seal would put the tag: it goes behind, and both take their places. */
	error = aeadSeal(cipherKey, nonce, aad, dataOffset + 1, message.data + dataOffset, length,
		message.data + dataOffset, tagLength);
	memmove(message.data + dataOffset + length + 1, message.data + dataOffset + length, tagLength);
	message.data[dataOffset + length] = aad[dataOffset];
	wipe(cipherKey, sizeof(cipherKey));
	check(the, error);
}
