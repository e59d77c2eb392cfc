/*
 * XS in C: the functions of coap-message.ts, which say what protocol/coap/message.ts says. Pointers into the chunk heap
 * hold until something is allocated.
 */
#include "../bytes/bytes.h"
#include "datagram.h"

#include <string.h>

static const uint8_t *readable(xsMachine *the, xsSlot *slot, size_t *length)
{
	void *data;
	xsUnsignedValue got;

	xsmcGetBufferReadable(*slot, &data, &got);
	*length = got;
	return data;
}

/* Whether a value is a whole number from 0 to `most`, and which. */
static int isWhole(xsMachine *the, xsSlot *slot, uint32_t most, uint32_t *number)
{
	double value;

	switch (xsmcTypeOf(*slot)) {
	case xsIntegerType:
		*number = (uint32_t)xsmcToInteger(*slot);
		return *number <= most;
	case xsNumberType:
		value = xsmcToNumber(*slot);
		/* Written so that NaN is refused too. */
		if (!(value >= 0 && value <= most))
			return 0;
		*number = (uint32_t)value;
		return *number == value;
	default:
		return 0;
	}
}

/* Arguments and variables of xs_coap_decode. VIEW becomes new Uint8Array(BUFFER, `start`, `length`). */
enum { DATAGRAM, BUFFER, NOTHING, NO_OPTIONS };
enum { VIEW, START, OPTIONS, OPTION, DECODE_VARS };

static void makeView(xsMachine *the, size_t start, size_t length)
{
	xsmcSetInteger(xsVar(START), (xsIntegerValue)start);
	xsmcSetInteger(xsVar(VIEW), (xsIntegerValue)length);
	xsmcNew(xsVar(VIEW), xsGlobal, xsID("Uint8Array"), &xsArg(BUFFER), &xsVar(START), &xsVar(VIEW), NULL);
}

static void defineInteger(xsMachine *the, xsSlot *object, xsIdentifier name, uint32_t value)
{
	xsmcSetInteger(xsVar(VIEW), (xsIntegerValue)value);
	xsmcDefine(*object, name, xsVar(VIEW), xsDefault);
}

/* OPTIONS becomes the list of the options, which were read before and are whole. */
static void makeOptions(xsMachine *the, size_t at, size_t count, size_t start)
{
	xsIdentifier number = xsID("number"), value = xsID("value");
	CoapOption option = { 0, 0, 0 };
	CoapError error;
	size_t i, length;

	xsmcSetNewArray(xsVar(OPTIONS), (xsIntegerValue)count);
	for (i = 0; i < count; i++) {
		const uint8_t *datagram = readable(the, &xsArg(DATAGRAM), &length);

		at = coapReadOption(datagram, length, at, &option, &error);
		xsmcSetNewObject(xsVar(OPTION));
		defineInteger(the, &xsVar(OPTION), number, option.number);
		makeView(the, start + option.value, option.length);
		xsmcDefine(xsVar(OPTION), value, xsVar(VIEW), xsDefault);
		xsmcSetIndex(xsVar(OPTIONS), (xsIndex)i, xsVar(OPTION));
	}
}

/* xs_coap_decode(datagram, buffer, nothing, noOptions): the message; undefined when its version is another */
void xs_coap_decode(xsMachine *the)
{
	size_t length, bufferLength;
	const uint8_t *datagram = readable(the, &xsArg(DATAGRAM), &length);
	/* Where the datagram begins in its buffer. */
	size_t start = (size_t)(datagram - readable(the, &xsArg(BUFFER), &bufferLength));
	CoapMessage message;
	CoapError error;

	switch (coapRead(datagram, length, &message, &error)) {
	case COAP_IGNORED:
		return;
	case COAP_MALFORMED:
		/* The engine's prototype has no const. */
		xsSyntaxError((char *)error.text, error.numbers[0], error.numbers[1], error.numbers[2], error.numbers[3]);
		return;
	case COAP_READ:
		break;
	}
	xsmcVars(DECODE_VARS);
	xsmcSetNewObject(xsResult);
	defineInteger(the, &xsResult, xsID("type"), message.type);
	defineInteger(the, &xsResult, xsID("code"), message.code);
	defineInteger(the, &xsResult, xsID("messageId"), message.messageId);
	if (message.tokenLength > 0)
		makeView(the, start + COAP_HEADER, message.tokenLength);
	else
		xsVar(VIEW) = xsArg(NOTHING);
	xsmcDefine(xsResult, xsID("token"), xsVar(VIEW), xsDefault);
	if (message.payload < length)
		makeView(the, start + message.payload, length - message.payload);
	else
		xsVar(VIEW) = xsArg(NOTHING);
	xsmcDefine(xsResult, xsID("payload"), xsVar(VIEW), xsDefault);
	if (message.options > 0)
		makeOptions(the, COAP_HEADER + message.tokenLength, message.options, start);
	else
		xsVar(OPTIONS) = xsArg(NO_OPTIONS);
	xsmcDefine(xsResult, xsID("options"), xsVar(OPTIONS), xsDefault);
}

/* A number of the message that is to be written. */
static uint32_t field(xsMachine *the, int argument, uint32_t most, const char *expected)
{
	uint32_t number;

	if (!isWhole(the, &xsArg(argument), most, &number))
		xsRangeError("%s, got %s", expected, xsmcToString(xsArg(argument)));
	return number;
}

/* Bytes of an argument behind `to`; returns where they end. */
static uint8_t *put(xsMachine *the, uint8_t *to, int argument)
{
	size_t length;
	const uint8_t *bytes = readable(the, &xsArg(argument), &length);

	memcpy(to, bytes, length);
	return to + length;
}

/* xs_coap_join(type, code, messageId, token, options, payload): `options` are encoded already */
void xs_coap_join(xsMachine *the)
{
	enum { TYPE, CODE, MESSAGE_ID, TOKEN, ENCODED, PAYLOAD };
	uint32_t type = field(the, TYPE, COAP_RESET, "type: expected 0 to 3");
	uint32_t code = field(the, CODE, 0xff, "code: expected 8 bits");
	uint32_t messageId = field(the, MESSAGE_ID, 0xffff, "message ID: expected 16 bits");
	size_t tokenLength, optionsLength, payloadLength, length;
	uint8_t *to;

	readable(the, &xsArg(TOKEN), &tokenLength);
	readable(the, &xsArg(ENCODED), &optionsLength);
	readable(the, &xsArg(PAYLOAD), &payloadLength);
	if (tokenLength > COAP_LONGEST_TOKEN)
		xsRangeError("token: expected at most %d bytes, got %d", COAP_LONGEST_TOKEN, (int)tokenLength);
	length = COAP_HEADER + tokenLength + optionsLength + (payloadLength > 0 ? 1 + payloadLength : 0);
	if (code == COAP_EMPTY && length > COAP_HEADER)
		xsRangeError("code: an Empty message has no token, options or payload");
	to = coapPutHeader(makeBytes(the, (xsUnsignedValue)length), (int)type, tokenLength, (int)code, messageId);
	to = put(the, put(the, to, TOKEN), ENCODED);
	if (payloadLength > 0) {
		*to++ = COAP_MARKER;
		put(the, to, PAYLOAD);
	}
}

/* xs_coap_encode_empty(type, messageId) */
void xs_coap_encode_empty(xsMachine *the)
{
	int type = xsmcToInteger(xsArg(0));
	uint32_t messageId = (uint32_t)xsmcToInteger(xsArg(1));

	coapPutHeader(makeBytes(the, COAP_HEADER), type, 0, COAP_EMPTY, messageId);
}

/* xs_coap_encode_reset(datagram): undefined where there is nobody to tell */
void xs_coap_encode_reset(xsMachine *the)
{
	size_t length;
	const uint8_t *datagram = readable(the, &xsArg(0), &length);

	if (length < COAP_HEADER || datagram[0] >> 4 != (COAP_VERSION << 2 | COAP_CONFIRMABLE))
		return;
	coapPutHeader(makeBytes(the, COAP_HEADER), COAP_RESET, 0, COAP_EMPTY,
		(uint32_t)datagram[2] << 8 | datagram[3]);
}
