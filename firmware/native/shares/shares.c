/* XS in C: the functions of field.ts. */
#include "field.h"
#include "xsmc.h"

/* xs_field_multiply(a, b) */
void xs_field_multiply(xsMachine *the)
{
	uint8_t a = (uint8_t)xsmcToInteger(xsArg(0)), b = (uint8_t)xsmcToInteger(xsArg(1));

	xsmcSetInteger(xsResult, fieldMultiply(a, b));
}

/* xs_field_add_scaled(target, weight, values): as many bytes as the target has */
void xs_field_add_scaled(xsMachine *the)
{
	uint8_t weight = (uint8_t)xsmcToInteger(xsArg(1));
	void *target, *values;
	xsUnsignedValue length, valuesLength;

	xsmcGetBufferWritable(xsArg(0), &target, &length);
	xsmcGetBufferReadable(xsArg(2), &values, &valuesLength);
	if (valuesLength < length)
		xsRangeError("values: expected %u bytes, got %u", (unsigned)length, (unsigned)valuesLength);
	fieldAddScaled(target, weight, values, length);
}
