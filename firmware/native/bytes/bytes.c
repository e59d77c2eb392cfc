/*
 * XS in C: the functions of bytes.ts, which say what protocol/bytes.ts says. Pointers into the chunk heap hold until
 * something is allocated.
 */
#include "bytes.h"

#include <string.h>

/* xs_bytes_concat(...parts): parts are bytes, or numbers, each one byte */
void xs_bytes_concat(xsMachine *the)
{
	int count = xsmcArgc, i;
	xsUnsignedValue total = 0, length;
	void *data;
	uint8_t *out;

	for (i = 0; i < count; i++) {
		if (xsmcTypeOf(xsArg(i)) == xsReferenceType) {
			xsmcGetBufferReadable(xsArg(i), &data, &length);
			total += length;
		} else
			total++;
	}
	out = makeBytes(the, total);
	for (i = 0; i < count; i++) {
		if (xsmcTypeOf(xsArg(i)) == xsReferenceType) {
			xsmcGetBufferReadable(xsArg(i), &data, &length);
			memcpy(out, data, length);
			out += length;
		} else
			*out++ = (uint8_t)xsmcToInteger(xsArg(i));
	}
}

/* xs_bytes_equal(a, b): in a time that depends on the lengths only */
void xs_bytes_equal(xsMachine *the)
{
	void *a, *b;
	xsUnsignedValue aLength, bLength, i;
	uint8_t difference = 0;

	xsmcGetBufferReadable(xsArg(0), &a, &aLength);
	xsmcGetBufferReadable(xsArg(1), &b, &bLength);
	if (aLength == bLength)
		for (i = 0; i < aLength; i++)
			difference |= ((volatile uint8_t *)a)[i] ^ ((volatile uint8_t *)b)[i];
	xsmcSetBoolean(xsResult, aLength == bLength && difference == 0);
}

/* xs_bytes_wipe(...secrets) */
void xs_bytes_wipe(xsMachine *the)
{
	int count = xsmcArgc, i;
	xsUnsignedValue length;
	void *data;

	for (i = 0; i < count; i++) {
		volatile uint8_t *bytes;
		xsmcGetBufferWritable(xsArg(i), &data, &length);
		for (bytes = data; length > 0; length--)
			*bytes++ = 0;
	}
}

/* xs_bytes_to_hex(bytes): lower case */
void xs_bytes_to_hex(xsMachine *the)
{
	static const char digits[] = "0123456789abcdef";
	xsUnsignedValue length, i;
	uint8_t *bytes;
	void *data;
	char *text;

	xsmcGetBufferReadable(xsArg(0), &data, &length);
	xsmcSetStringBuffer(xsResult, NULL, (xsIntegerValue)(2 * length + 1));
	text = xsmcToString(xsResult);
	xsmcGetBufferReadable(xsArg(0), &data, &length);
	bytes = data;
	for (i = 0; i < length; i++) {
		*text++ = digits[bytes[i] >> 4];
		*text++ = digits[bytes[i] & 15];
	}
	*text = 0;
}

static int digitOf(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* xs_bytes_from_hex(text) */
void xs_bytes_from_hex(xsMachine *the)
{
	xsType type = xsmcTypeOf(xsArg(0));
	const char *text;
	size_t length, i;
	uint8_t *out;

	/* Whatever else would be made a text first. */
	if (type != xsStringType && type != xsStringXType)
		xsTypeError("hex: expected text");
	text = xsmcToString(xsArg(0));
	length = strlen(text);
	for (i = 0; i < length && digitOf(text[i]) >= 0; i++)
		;
	if (i < length || length % 2 != 0)
		xsSyntaxError("hex: expected pairs of hexadecimal digits, got %d characters", (int)length);
	out = makeBytes(the, (xsUnsignedValue)(length / 2));
	text = xsmcToString(xsArg(0));
	for (i = 0; i < length; i += 2)
		*out++ = (uint8_t)(digitOf(text[i]) << 4 | digitOf(text[i + 1]));
}

/* xs_bytes_ascii(text) */
void xs_bytes_ascii(xsMachine *the)
{
	const char *text = xsmcToString(xsArg(0));
	size_t length = strlen(text), i;

	/* Strings are UTF-8: a first byte over 127 begins the character that is not ASCII. */
	for (i = 0; i < length; i++)
		if (text[i] & 0x80)
			xsRangeError("ascii: character %d is not ASCII", (int)i);
	memcpy(makeBytes(the, (xsUnsignedValue)length), xsmcToString(xsArg(0)), length);
}

/* xs_bytes_read_uint(bytes, offset, size): big-endian, up to 6 bytes */
void xs_bytes_read_uint(xsMachine *the)
{
	xsIntegerValue offset = xsmcToInteger(xsArg(1)), size = xsmcToInteger(xsArg(2)), i;
	xsUnsignedValue length;
	uint64_t value = 0;
	void *data;

	xsmcGetBufferReadable(xsArg(0), &data, &length);
	if (offset < 0 || size < 0 || size > 6 || (xsUnsignedValue)offset + (xsUnsignedValue)size > length)
		xsRangeError("integer: %d bytes at %d are not among %d", (int)size, (int)offset, (int)length);
	for (i = 0; i < size; i++)
		value = value << 8 | ((uint8_t *)data)[offset + i];
	if (value > 0x7FFFFFFF)
		xsmcSetNumber(xsResult, (double)value);
	else
		xsmcSetInteger(xsResult, (xsIntegerValue)value);
}

static void writeInteger(uint8_t *bytes, xsIntegerValue size, uint64_t value)
{
	uint32_t low = (uint32_t)value;

	for (; size > 4; size--)
		*bytes++ = (uint8_t)(value >> (8 * (size - 1)));
	for (; size > 0; size--) {
		bytes[size - 1] = (uint8_t)low;
		low >>= 8;
	}
}

static uint64_t integerOf(xsMachine *the, int argument)
{
	if (xsmcTypeOf(xsArg(argument)) == xsIntegerType)
		return (uint64_t)xsmcToInteger(xsArg(argument));
	return (uint64_t)xsmcToNumber(xsArg(argument));
}

/* xs_bytes_write_uint(bytes, offset, size, value) */
void xs_bytes_write_uint(xsMachine *the)
{
	xsIntegerValue offset = xsmcToInteger(xsArg(1)), size = xsmcToInteger(xsArg(2));
	uint64_t value = integerOf(the, 3);
	xsUnsignedValue length;
	void *data;

	xsmcGetBufferWritable(xsArg(0), &data, &length);
	if (offset < 0 || size < 0 || (xsUnsignedValue)offset + (xsUnsignedValue)size > length)
		xsRangeError("integer: %d bytes at %d are not among %d", (int)size, (int)offset, (int)length);
	writeInteger((uint8_t *)data + offset, size, value);
}

/* xs_bytes_uint(value, size) */
void xs_bytes_uint(xsMachine *the)
{
	xsIntegerValue size = xsmcToInteger(xsArg(1));
	uint64_t value = integerOf(the, 0);

	writeInteger(makeBytes(the, (xsUnsignedValue)size), size, value);
}
