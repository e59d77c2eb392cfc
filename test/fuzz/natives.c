/*
 * The portable C of firmware/native under libFuzzer: what seals opens and nothing altered does, in place or not, in
 * one piece or many; a CoAP message that is read is the one that would be written. Every buffer has its exact length on
 * the heap, so that the sanitizer sees one byte too far.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "aead/ccm.h"
#include "coap/datagram.h"
#include "digest/hash.h"
#include "shares/field.h"

#define CHECK(condition) do { if (!(condition)) { fprintf(stderr, "%s\n", #condition); abort(); } } while (0)

/* The input, taken from its front. */
typedef struct {
	const uint8_t *bytes;
	size_t length;
} Input;

/* A copy of the next bytes on the heap, at most `longest`; the first of them say how many. */
static uint8_t *take(Input *input, size_t longest, size_t *length)
{
	size_t wanted = input->length > 1 ? ((size_t)input->bytes[0] << 8 | input->bytes[1]) % (longest + 1) : 0;
	size_t head = input->length > 1 ? 2 : input->length;
	uint8_t *copy;

	input->bytes += head;
	input->length -= head;
	*length = wanted < input->length ? wanted : input->length;
	copy = malloc(*length ? *length : 1);
	memcpy(copy, input->bytes, *length);
	input->bytes += *length;
	input->length -= *length;
	return copy;
}

static void fixed(Input *input, uint8_t *target, size_t length)
{
	size_t there = length < input->length ? length : input->length;

	memset(target, 0, length);
	memcpy(target, input->bytes, there);
	input->bytes += there;
	input->length -= there;
}

static void sealAndOpen(Input *input)
{
	uint8_t bytes[AES_KEY], nonce[CCM_NONCE], choice[2];
	size_t aadLength, length, tagLength, i;
	uint8_t *aad, *text, *sealed, *opened;
	AesKey key;

	fixed(input, choice, sizeof choice);
	fixed(input, bytes, sizeof bytes);
	fixed(input, nonce, sizeof nonce);
	tagLength = choice[0] & 1 ? 16 : 8;
	aad = take(input, 400, &aadLength);
	text = take(input, 700, &length);
	sealed = malloc(length + tagLength);
	opened = malloc(length ? length : 1);
	aesKey(&key, bytes);
	ccmSeal(&key, nonce, aad, aadLength, text, length, sealed, tagLength);
	CHECK(ccmOpen(&key, nonce, aad, aadLength, sealed, length, opened, tagLength));
	CHECK(memcmp(opened, text, length) == 0);

	/* The same in place. */
	uint8_t *place = malloc(length + tagLength);
	memcpy(place, text, length);
	ccmSeal(&key, nonce, aad, aadLength, place, length, place, tagLength);
	CHECK(memcmp(place, sealed, length + tagLength) == 0);
	free(place);

	/* One bit altered: no plaintext. */
	i = choice[1] % (length + tagLength);
	sealed[i] ^= (uint8_t)(1 << (choice[0] >> 5));
	CHECK(!ccmOpen(&key, nonce, aad, aadLength, sealed, length, opened, tagLength));
	for (i = 0; i < length; i++)
		CHECK(opened[i] == 0);
	free(aad);
	free(text);
	free(sealed);
	free(opened);
}

static void count(Input *input)
{
	uint8_t bytes[AES_KEY], counter[AES_BLOCK];
	size_t length;
	uint8_t *data, *out;
	AesKey key;

	fixed(input, bytes, sizeof bytes);
	fixed(input, counter, sizeof counter);
	data = take(input, 500, &length);
	out = malloc(length ? length : 1);
	aesKey(&key, bytes);
	aesCtr(&key, counter, data, out, length);
	aesCtr(&key, counter, out, out, length);
	CHECK(memcmp(out, data, length) == 0);
	free(data);
	free(out);
}

static void digest(Input *input, const HashAlgorithm *algorithm)
{
	uint8_t whole[HASH_MAX_DIGEST], parts[HASH_MAX_DIGEST];
	size_t length, keyLength, split, i;
	uint8_t *data = take(input, 600, &length), *secret = take(input, 150, &keyLength), *out, *again;
	Hash hash;
	HmacKey key;

	split = length ? (size_t)data[0] % length : 0;
	hashBegin(&hash, algorithm);
	hashAdd(&hash, data, length);
	hashEnd(&hash, whole);
	hashBegin(&hash, algorithm);
	hashAdd(&hash, data, split);
	hashAdd(&hash, data + split, length - split);
	hashEnd(&hash, parts);
	CHECK(memcmp(whole, parts, algorithm->digestLength) == 0);

	hmacKey(&key, algorithm, secret, keyLength);
	hmac(&key, data, length, NULL, 0, whole);
	hmac(&key, data, split, data + split, length - split, parts);
	CHECK(memcmp(whole, parts, algorithm->digestLength) == 0);

	if (keyLength > 0 && keyLength <= PRF_CHUNK) {
		size_t wanted = 1 + length % 100;
		out = malloc(wanted);
		again = malloc(wanted);
		mikeyPrf(algorithm, secret, keyLength, data, length, out, wanted);
		mikeyPrfKeyed(&key, data, length, again, wanted);
		CHECK(memcmp(out, again, wanted) == 0);
		free(out);
		free(again);
	}
	for (i = 0; i + 1 < length; i++)
		CHECK(fieldMultiply(data[i], data[i + 1]) == fieldMultiply(data[i + 1], data[i]));
	if (keyLength > 0 && keyLength <= length) {
		out = malloc(keyLength);
		memcpy(out, secret, keyLength);
		fieldAddScaled(out, secret[0], data, keyLength);
		fieldAddScaled(out, secret[0], data, keyLength);
		CHECK(memcmp(out, secret, keyLength) == 0);
		free(out);
	}
	free(data);
	free(secret);
}

/* The nibble of an option's delta or length, and what of it stands behind the first byte (RFC 7252 §3.1). */
static unsigned nibbleOf(size_t value)
{
	return value < 13 ? (unsigned)value : value < 269 ? 13 : 14;
}

static uint8_t *putExtension(uint8_t *to, size_t value)
{
	if (value >= 269)
		*to++ = (uint8_t)((value - 269) >> 8);
	if (value >= 13)
		*to++ = (uint8_t)(value - (value < 269 ? 13 : 269));
	return to;
}

/* A message has one encoding only (RFC 7252 §3): its parts are written as the datagram that they were read from. */
static void readAndWrite(Input *input)
{
	uint8_t head[COAP_HEADER + COAP_LONGEST_TOKEN], *datagram, *again, *to;
	size_t there, length, at, i;
	CoapOption option = { 0, 0, 0 };
	CoapMessage message;
	CoapError error = { NULL, { 0 } };

	/* Most headers are good ones, or nothing behind them would be seen. */
	fixed(input, head, sizeof head);
	if (head[1] & 7) {
		head[0] = (uint8_t)(COAP_VERSION << 6 | (head[0] & 0x30) | head[0] % (COAP_LONGEST_TOKEN + 1));
		head[1] |= 1;
	}
	there = head[2] & 7 ? sizeof head : head[2] >> 3 & 15;
	there = there < sizeof head ? there : sizeof head;
	length = there + input->length;
	datagram = malloc(length ? length : 1);
	memcpy(datagram, head, there);
	memcpy(datagram + there, input->bytes, input->length);
	switch (coapRead(datagram, length, &message, &error)) {
	case COAP_READ:
		break;
	case COAP_IGNORED:
		CHECK(length > 0 && datagram[0] >> 6 != COAP_VERSION);
		free(datagram);
		return;
	case COAP_MALFORMED:
		CHECK(error.text != NULL);
		free(datagram);
		return;
	}
	CHECK(message.tokenLength <= COAP_LONGEST_TOKEN && message.options <= COAP_MOST_OPTIONS);
	again = malloc(length);
	to = coapPutHeader(again, message.type, message.tokenLength, message.code, message.messageId);
	memcpy(to, datagram + COAP_HEADER, message.tokenLength);
	to += message.tokenLength;
	at = COAP_HEADER + message.tokenLength;
	for (i = 0; i < message.options; i++) {
		size_t before = option.number, start = at;
		at = coapReadOption(datagram, length, at, &option, &error);
		CHECK(at > start && at <= length && option.number >= before && option.number <= COAP_LAST_OPTION);
		CHECK(option.value > start && option.value + option.length == at);
		*to++ = (uint8_t)(nibbleOf(option.number - before) << 4 | nibbleOf(option.length));
		to = putExtension(putExtension(to, option.number - before), option.length);
		memcpy(to, datagram + option.value, option.length);
		to += option.length;
	}
	if (message.payload < length) {
		*to++ = COAP_MARKER;
		memcpy(to, datagram + message.payload, length - message.payload);
		to += length - message.payload;
	}
	CHECK((size_t)(to - again) == length && memcmp(again, datagram, length) == 0);
	free(datagram);
	free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	Input input = { bytes, length };
	uint8_t choice;

	fixed(&input, &choice, 1);
	switch (choice % 5) {
	case 0: sealAndOpen(&input); break;
	case 1: count(&input); break;
	case 2: digest(&input, &sha1); break;
	case 3: digest(&input, &sha256); break;
	default: readAndWrite(&input);
	}
	return 0;
}
