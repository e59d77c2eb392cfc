/* GF(2^8) with the polynomial 0x11B, as protocol/shares/field.ts: no tables and no branches on operands. */
#include "field.h"

uint8_t fieldMultiply(uint8_t a, uint8_t b)
{
	uint32_t x = a, y = b, product = 0;
	int bit;

	for (bit = 0; bit < 8; bit++) {
		product ^= x & (0u - (y & 1));
		y >>= 1;
		x = (x << 1) ^ (0x11Bu & (0u - (x >> 7)));
	}
	return (uint8_t)product;
}

/* Four bytes of a word at a time: only the weight's bits are looked at, and they are public. */
static uint32_t scaleWord(uint32_t word, uint8_t weight)
{
	uint32_t product = 0;
	int bit;

	for (bit = 0; bit < 8; bit++) {
		uint32_t high = word & 0x80808080u;
		product ^= word & (0u - ((weight >> bit) & 1u));
		word = ((word ^ high) << 1) ^ ((high >> 7) * 0x1Bu);
	}
	return product;
}

void fieldAddScaled(uint8_t *target, uint8_t weight, const uint8_t *values, size_t length)
{
	size_t i;

	for (i = 0; i + 4 <= length; i += 4) {
		uint32_t word = values[i] | (uint32_t)values[i + 1] << 8 | (uint32_t)values[i + 2] << 16 |
			(uint32_t)values[i + 3] << 24;
		word = scaleWord(word, weight);
		target[i] ^= (uint8_t)word;
		target[i + 1] ^= (uint8_t)(word >> 8);
		target[i + 2] ^= (uint8_t)(word >> 16);
		target[i + 3] ^= (uint8_t)(word >> 24);
	}
	for (; i < length; i++)
		target[i] ^= fieldMultiply(weight, values[i]);
}
