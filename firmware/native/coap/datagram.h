/*
 * One CoAP message as bytes (RFC 7252 §3), as protocol/coap/message.ts has it. Reading says where the parts of a
 * datagram lie: nothing is copied or kept.
 *
 * Portable C99 without heap. What is read may come from anybody.
 */
#ifndef SYMBOLON_DATAGRAM_H
#define SYMBOLON_DATAGRAM_H

#include <stddef.h>
#include <stdint.h>

#define COAP_VERSION 1
#define COAP_CONFIRMABLE 0
#define COAP_RESET 3
#define COAP_EMPTY 0 /* the code of a message without a method or a response (§4.1) */
#define COAP_HEADER 4
#define COAP_LONGEST_TOKEN 8
#define COAP_LAST_OPTION 0xffff
/* The most options that are taken from one message: ours, not the RFC's. */
#define COAP_MOST_OPTIONS 32
#define COAP_MARKER 0xff

typedef struct {
	uint8_t type, code;
	uint16_t messageId;
	size_t tokenLength; /* the token is behind the header, the options are behind the token */
	size_t options; /* how many */
	size_t payload; /* where it begins: at the end when there is none */
} CoapMessage;

/* What is wrong with a datagram, for printf: `text` names the field, and takes as many of the numbers as it has. */
typedef struct {
	const char *text;
	int numbers[4];
} CoapError;

typedef enum {
	COAP_READ,
	COAP_IGNORED, /* another version: nobody answers it (§3) */
	COAP_MALFORMED,
} CoapReading;

/* Looks at all of a datagram. The error is set when it is malformed. */
CoapReading coapRead(const uint8_t *datagram, size_t length, CoapMessage *message, CoapError *error);

typedef struct {
	uint32_t number;
	size_t value; /* where it begins */
	size_t length;
} CoapOption;

/*
 * Goes on to the next option, which begins at `offset`. The number before it is in `option`, 0 at the beginning. Returns
 * where the one behind it begins, or 0 with the error set.
 */
size_t coapReadOption(const uint8_t *datagram, size_t end, size_t offset, CoapOption *option, CoapError *error);

/* Writes the first four bytes; returns where they end. */
uint8_t *coapPutHeader(uint8_t *to, int type, size_t tokenLength, int code, uint32_t messageId);

#endif
