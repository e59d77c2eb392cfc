/* XS in C: the function of entropy.ts. */
#include "entropy.h"
#include "xsmc.h"

/* xs_entropy(out) */
void xs_entropy(xsMachine *the)
{
	void *out;
	xsUnsignedValue length;
	int error;

	xsmcGetBufferWritable(xsArg(0), &out, &length);
	error = entropyFill(out, length);
	if (error != 0)
		xsUnknownError("entropy: the generator failed with error %d", error);
}
