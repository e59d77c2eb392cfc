/*
 * Compares AES-128 over PSA Crypto, as on an ESP32, with the portable C: RFC 3610's first packet, then every
 * length of text and additional data up to 80 bytes, in both directions and with a bit flipped.
 */
#include "aead/aead.h"
#include "aead/ccm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LONGEST 80

static void check(int holds, const char *what, size_t aadLength, size_t length)
{
	if (!holds) {
		printf("%s differs: aad %zu, text %zu\n", what, aadLength, length);
		exit(1);
	}
}

static int cases;

static void compare(const uint8_t *data, size_t aadLength, size_t length, size_t tagLength)
{
	const uint8_t *key = data, *nonce = data + 16, *aad = data + 32, *text = data + 32 + LONGEST;
	uint8_t expected[LONGEST + 16], sealed[LONGEST + 16], opened[LONGEST];
	AesKey schedule;
	int holds = -1;

	aesKey(&schedule, key);
	ccmSeal(&schedule, nonce, aad, aadLength, text, length, expected, tagLength);
	check(aeadSeal(key, nonce, aad, aadLength, text, length, sealed, tagLength) == 0, "status", aadLength, length);
	check(memcmp(sealed, expected, length + tagLength) == 0, "sealed", aadLength, length);
	memcpy(sealed, text, length);
	check(aeadSeal(key, nonce, aad, aadLength, sealed, length, sealed, tagLength) == 0, "status", aadLength, length);
	check(memcmp(sealed, expected, length + tagLength) == 0, "sealed in place", aadLength, length);
	check(aeadOpen(key, nonce, aad, aadLength, sealed, length, opened, tagLength, &holds) == 0, "status",
		aadLength, length);
	check(holds == 1 && memcmp(opened, text, length) == 0, "opened", aadLength, length);

	sealed[(aadLength * 7 + length) % (length + tagLength)] ^= 1u << (length % 8);
	memset(opened, 0xee, sizeof(opened));
	check(aeadOpen(key, nonce, aad, aadLength, sealed, length, opened, tagLength, &holds) == 0, "status",
		aadLength, length);
	check(holds == 0, "forgery", aadLength, length);
	for (size_t i = 0; i < length; i++)
		check(opened[i] == 0, "what a forgery leaves", aadLength, length);

	aesCtr(&schedule, nonce, text, expected, length);
	check(aeadCtr(key, nonce, text, sealed, length) == 0, "status", aadLength, length);
	check(memcmp(sealed, expected, length) == 0, "counter mode", aadLength, length);
	cases++;
}

int main(void)
{
	static const uint8_t rfc3610[] = { 0x58, 0x8c, 0x97, 0x9a, 0x61, 0xc6, 0x63, 0xd2, 0xf0, 0x66, 0xd0, 0xc2, 0xc0,
		0xf9, 0x89, 0x80, 0x6d, 0x5f, 0x6b, 0x61, 0xda, 0xc3, 0x84, 0x17, 0xe8, 0xd1, 0x2c, 0xfd, 0xf9, 0x26, 0xe0 };
	static const uint8_t nonce[] = { 0, 0, 0, 3, 2, 1, 0, 0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5 };
	uint8_t data[32 + 2 * LONGEST], key[16], packet[31], sealed[31];

	for (size_t i = 0; i < sizeof(key); i++)
		key[i] = (uint8_t)(0xc0 + i);
	for (size_t i = 0; i < sizeof(packet); i++)
		packet[i] = (uint8_t)i;
	check(aeadSeal(key, nonce, packet, 8, packet + 8, 23, sealed, 8) == 0, "status", 8, 23);
	check(memcmp(sealed, rfc3610, sizeof(rfc3610)) == 0, "RFC 3610 packet 1", 8, 23);

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * i + 7 * i);
	/* A counter whose last bytes run over. */
	memset(data + 16 + 8, 0xff, 8);
	for (size_t aadLength = 0; aadLength <= LONGEST; aadLength++) {
		for (size_t length = 0; length <= LONGEST; length++)
			compare(data, aadLength, length, (aadLength + length) % 2 ? 8 : 16);
	}
	printf("%d cases\n", cases);
	return 0;
}
