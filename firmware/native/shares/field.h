/* The field of the sharing's code: GF(2^8), polynomial x^8 + x^4 + x^3 + x + 1. */
#ifndef SYMBOLON_FIELD_H
#define SYMBOLON_FIELD_H

#include <stddef.h>
#include <stdint.h>

uint8_t fieldMultiply(uint8_t a, uint8_t b);
/* target[i] ^= weight * values[i]. The time depends on the length only. */
void fieldAddScaled(uint8_t *target, uint8_t weight, const uint8_t *values, size_t length);

#endif
