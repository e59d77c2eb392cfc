/* Arrays of bytes that C makes for scripts. */
#ifndef SYMBOLON_BYTES_H
#define SYMBOLON_BYTES_H

#include <stdint.h>

#include "xsmc.h"

/* xsResult = new Uint8Array(length), by way of xsVar(0); returns where its bytes are. */
static inline uint8_t *makeBytes(xsMachine *the, xsUnsignedValue length)
{
	void *data;
	xsUnsignedValue got;

	xsmcVars(1);
	xsmcSetInteger(xsVar(0), (xsIntegerValue)length);
	xsmcNew(xsResult, xsGlobal, xsID("Uint8Array"), &xsVar(0), NULL);
	xsmcGetBufferWritable(xsResult, &data, &got);
	return data;
}

#endif
