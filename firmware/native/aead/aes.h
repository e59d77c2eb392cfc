/*
 * AES-128, encryption only (FIPS 197). aes.c is bitsliced: two blocks at a time in eight 32-bit words, logic operations
 * only. No table and no branch depends on key or data, so neither a cache nor a clock tells anything, also where
 * tables would lie in cached flash (ESP32). CCM and CTR both have two blocks to give. A platform may have other code
 * in its place: cortex-m4/aes-table.c.
 *
 * The S-box is the circuit of Boyar and Peralta (https://eprint.iacr.org/2009/191); the order of bits in the
 * words is that of BearSSL's aes_ct by Thomas Pornin (MIT licence).
 */
#ifndef SYMBOLON_AES_H
#define SYMBOLON_AES_H

#include <stddef.h>
#include <stdint.h>

#define AES_BLOCK 16
#define AES_KEY 16
#define AES_ROUNDS 10

/* Round keys; where they are bitsliced, for both lanes. */
typedef struct {
	uint32_t round[AES_ROUNDS + 1][8];
} AesKey;

void aesKey(AesKey *key, const uint8_t bytes[AES_KEY]);
void aesEncrypt(const AesKey *key, uint8_t block[AES_BLOCK]);
/* Encrypts both blocks in place. */
void aesEncrypt2(const AesKey *key, uint8_t first[AES_BLOCK], uint8_t second[AES_BLOCK]);
/* Counter mode (SP 800-38A §6.5), the whole 16-byte block counts up, big-endian. `out` may be `data`. */
void aesCtr(const AesKey *key, const uint8_t counter[AES_BLOCK], const uint8_t *data, uint8_t *out,
	size_t length);

#endif
