#include "datagram.h"

/* What a nibble of an option's header means (RFC 7252 §3.1). */
enum { ONE_BYTE = 13, TWO_BYTES = 14, RESERVED = 15 };
#define ONE_BYTE_BASE 13
#define TWO_BYTES_BASE 269

static CoapReading malformed(CoapError *error, const char *text, size_t a, size_t b, size_t c, size_t d)
{
	*error = (CoapError){ text, { (int)a, (int)b, (int)c, (int)d } };
	return COAP_MALFORMED;
}

/* Bytes that follow an option's header for such a nibble. */
static size_t extensionOf(unsigned nibble)
{
	return nibble < ONE_BYTE ? 0 : nibble - ONE_BYTE + 1;
}

/* The delta or length of that nibble; `at` goes on behind its bytes. Returns 0 when they are not all there. */
static int readExtended(const uint8_t *datagram, size_t end, size_t *at, unsigned nibble, size_t *value)
{
	size_t size = extensionOf(nibble);
	const uint8_t *bytes = datagram + *at;

	if (size > end - *at)
		return 0;
	if (size == 0)
		*value = nibble;
	else
		*value = size == 1 ? ONE_BYTE_BASE + (size_t)bytes[0] : TWO_BYTES_BASE + ((size_t)bytes[0] << 8 | bytes[1]);
	*at += size;
	return 1;
}

size_t coapReadOption(const uint8_t *datagram, size_t end, size_t offset, CoapOption *option, CoapError *error)
{
	unsigned deltaNibble = datagram[offset] >> 4, lengthNibble = datagram[offset] & 15;
	size_t at = offset + 1, delta, length;

	if (deltaNibble == RESERVED) {
		malformed(error, "CoAP option delta at offset %d: 15 is reserved", offset, 0, 0, 0);
		return 0;
	}
	if (lengthNibble == RESERVED) {
		malformed(error, "CoAP option length at offset %d: 15 is reserved", offset, 0, 0, 0);
		return 0;
	}
	if (!readExtended(datagram, end, &at, deltaNibble, &delta)) {
		malformed(error, "CoAP option delta at offset %d: expected %d bytes, got %d", at, extensionOf(deltaNibble),
			end - at, 0);
		return 0;
	}
	option->number += (uint32_t)delta;
	if (option->number > COAP_LAST_OPTION) {
		malformed(error, "CoAP option number at offset %d: %d is over 16 bits", offset, option->number, 0, 0);
		return 0;
	}
	if (!readExtended(datagram, end, &at, lengthNibble, &length)) {
		malformed(error, "CoAP option length at offset %d: expected %d bytes, got %d", at, extensionOf(lengthNibble),
			end - at, 0);
		return 0;
	}
	if (length > end - at) {
		malformed(error, "CoAP value of option %d at offset %d: expected %d bytes, got %d", option->number, at, length,
			end - at);
		return 0;
	}
	option->value = at;
	option->length = length;
	return at + length;
}

CoapReading coapRead(const uint8_t *datagram, size_t length, CoapMessage *message, CoapError *error)
{
	CoapOption option = { 0, 0, 0 };
	size_t at;

	if (length > 0 && datagram[0] >> 6 != COAP_VERSION)
		return COAP_IGNORED;
	if (length < COAP_HEADER)
		return malformed(error, "CoAP header at offset 0: expected %d bytes, got %d", COAP_HEADER, length, 0, 0);
	*message = (CoapMessage){
		.type = datagram[0] >> 4 & 3,
		.code = datagram[1],
		.messageId = (uint16_t)(datagram[2] << 8 | datagram[3]),
		.tokenLength = datagram[0] & 15,
		.payload = length,
	};
	if (message->tokenLength > COAP_LONGEST_TOKEN)
		return malformed(error, "CoAP token length at offset 0: %d is reserved", message->tokenLength, 0, 0, 0);
	at = COAP_HEADER + message->tokenLength;
	if (message->code == COAP_EMPTY) {
		/* §4.1 */
		if (message->tokenLength != 0)
			return malformed(error, "CoAP token length at offset 0: expected 0 in an Empty message", 0, 0, 0, 0);
		if (length > COAP_HEADER)
			return malformed(error, "CoAP code at offset 1: an Empty message ends here, got %d bytes more",
				length - COAP_HEADER, 0, 0, 0);
	}
	if (at > length)
		return malformed(error, "CoAP token at offset %d: expected %d bytes, got %d", COAP_HEADER,
			message->tokenLength, length - COAP_HEADER, 0);
	while (at < length && datagram[at] != COAP_MARKER) {
		if (message->options == COAP_MOST_OPTIONS)
			return malformed(error, "CoAP options at offset %d: more than %d", at, COAP_MOST_OPTIONS, 0, 0);
		message->options++;
		at = coapReadOption(datagram, length, at, &option, error);
		if (at == 0)
			return COAP_MALFORMED;
	}
	if (at == length)
		return COAP_READ;
	/* A marker is there, so bytes must follow. */
	if (at + 1 == length)
		return malformed(error, "CoAP payload at offset %d: a marker and no payload", at, 0, 0, 0);
	message->payload = at + 1;
	return COAP_READ;
}

uint8_t *coapPutHeader(uint8_t *to, int type, size_t tokenLength, int code, uint32_t messageId)
{
	*to++ = (uint8_t)(COAP_VERSION << 6 | type << 4 | (int)tokenLength);
	*to++ = (uint8_t)code;
	*to++ = (uint8_t)(messageId >> 8);
	*to++ = (uint8_t)messageId;
	return to;
}
