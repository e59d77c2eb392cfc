/*
 * SHA-1 and SHA-256 (FIPS 180-4), HMAC (RFC 2104) and the MIKEY PRF (RFC 3830 §4.1.2).
 *
 * Portable C99 without heap. No branch and no memory access depends on the data, so time tells lengths only.
 * Messages are at most 2^29 - 1 bytes.
 */
#ifndef SYMBOLON_HASH_H
#define SYMBOLON_HASH_H

#include <stddef.h>
#include <stdint.h>

#define HASH_BLOCK 64
#define HASH_MAX_DIGEST 32

/* The two algorithms differ in their initial words and their compression function only. */
typedef struct {
	size_t digestLength;
	uint32_t initial[8];
	void (*compress)(uint32_t state[8], const uint8_t block[HASH_BLOCK]);
} HashAlgorithm;

extern const HashAlgorithm sha1;
extern const HashAlgorithm sha256;

typedef struct {
	const HashAlgorithm *algorithm;
	uint32_t state[8];
	uint32_t length; /* bytes taken so far */
	uint8_t block[HASH_BLOCK];
} Hash;

void hashBegin(Hash *hash, const HashAlgorithm *algorithm);
/* (Not "hashUpdate": Nordic's library for the CryptoCell has a global function of that name.) */
void hashAdd(Hash *hash, const uint8_t *data, size_t length);
/* Writes digestLength bytes and wipes the state. */
void hashEnd(Hash *hash, uint8_t *digest);

/* A key of HMAC: the states after its two pad blocks, so that each message hashes neither again. */
typedef struct {
	const HashAlgorithm *algorithm;
	uint32_t inner[8];
	uint32_t outer[8];
} HmacKey;

void hmacKey(HmacKey *key, const HashAlgorithm *algorithm, const uint8_t *bytes, size_t length);
/* HMAC of what hashAdd takes in between. */
void hmacBegin(Hash *hash, const HmacKey *key);
void hmacEnd(Hash *hash, const HmacKey *key, uint8_t *digest);
/* HMAC of two parts one after the other; digestLength bytes. `digest` may overlap a part. */
void hmac(const HmacKey *key, const uint8_t *first, size_t firstLength, const uint8_t *second,
	size_t secondLength, uint8_t *digest);

/* PRF(inkey, label) of `length` bytes. An empty inkey gives zeros: callers refuse it. */
void mikeyPrf(const HashAlgorithm *algorithm, const uint8_t *inkey, size_t inkeyLength, const uint8_t *label,
	size_t labelLength, uint8_t *out, size_t length);

/* inkey is split into pieces of so many bytes. */
#define PRF_CHUNK 32

/* The same for an inkey of one piece at most, set up by hmacKey: for several labels. */
void mikeyPrfKeyed(const HmacKey *key, const uint8_t *label, size_t labelLength, uint8_t *out, size_t length);

/* Clears secrets; a compiler can't drop it. */
void wipe(void *secret, size_t length);

#endif
