/*
 * XS in C: the functions of aead.ts. Results go to arrays that the script has made: nothing here allocates, so
 * pointers into the chunk heap hold.
 */
#include "aead.h"
#include "ccm.h"
#include "xsmc.h"

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
