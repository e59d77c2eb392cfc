/*
 * XS in C: the functions of digest.ts. Results go to arrays that the script has made: nothing here allocates,
 * so pointers into the chunk heap hold.
 */
#include "hash.h"
#include "xsmc.h"

/* xs_sha256(data, digest) */
static void digest(xsMachine *the, const HashAlgorithm *algorithm)
{
	void *data, *out;
	xsUnsignedValue length, outLength;
	Hash hash;

	xsmcGetBufferReadable(xsArg(0), &data, &length);
	xsmcGetBufferWritable(xsArg(1), &out, &outLength);
	if (outLength != algorithm->digestLength)
		xsRangeError("digest: expected %d bytes, got %d", (int)algorithm->digestLength, (int)outLength);
	hashBegin(&hash, algorithm);
	hashAdd(&hash, data, length);
	hashEnd(&hash, out);
}

/* xs_hmac_sha256(key, data, mac) */
static void mac(xsMachine *the, const HashAlgorithm *algorithm)
{
	void *bytes, *data, *out;
	xsUnsignedValue keyLength, length, outLength;
	HmacKey key;

	xsmcGetBufferReadable(xsArg(0), &bytes, &keyLength);
	xsmcGetBufferReadable(xsArg(1), &data, &length);
	xsmcGetBufferWritable(xsArg(2), &out, &outLength);
	if (outLength != algorithm->digestLength)
		xsRangeError("mac: expected %d bytes, got %d", (int)algorithm->digestLength, (int)outLength);
	hmacKey(&key, algorithm, bytes, keyLength);
	hmac(&key, data, length, NULL, 0, out);
	wipe(&key, sizeof(key));
}

/* xs_prf_sha256(inkey, label, out) */
static void prf(xsMachine *the, const HashAlgorithm *algorithm)
{
	void *inkey, *label, *out;
	xsUnsignedValue inkeyLength, labelLength, outLength;

	xsmcGetBufferReadable(xsArg(0), &inkey, &inkeyLength);
	xsmcGetBufferReadable(xsArg(1), &label, &labelLength);
	xsmcGetBufferWritable(xsArg(2), &out, &outLength);
	if (inkeyLength == 0)
		xsRangeError("inkey: expected at least 1 byte, got 0");
	mikeyPrf(algorithm, inkey, inkeyLength, label, labelLength, out, outLength);
}

void xs_sha1(xsMachine *the)
{
	digest(the, &sha1);
}

void xs_sha256(xsMachine *the)
{
	digest(the, &sha256);
}

void xs_hmac_sha1(xsMachine *the)
{
	mac(the, &sha1);
}

void xs_hmac_sha256(xsMachine *the)
{
	mac(the, &sha256);
}

void xs_prf_sha1(xsMachine *the)
{
	prf(the, &sha1);
}

void xs_prf_sha256(xsMachine *the)
{
	prf(the, &sha256);
}
