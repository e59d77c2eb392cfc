/* The platform's generator for keys. One implementation a platform; where there is none, it does not link. */
#ifndef SYMBOLON_ENTROPY_H
#define SYMBOLON_ENTROPY_H

#include <stddef.h>
#include <stdint.h>

/* Fills `out`. Returns 0, or an error number when the generator fails; `out` is not to be used then. */
int entropyFill(uint8_t *out, size_t length);

#endif
