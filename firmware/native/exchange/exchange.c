/*
 * XS in C: the functions of exchange.ts. Pointers into the chunk heap hold until something is allocated, as the first
 * two do.
 */
#include "messages.h"
#include "xsmc.h"

static Bytes readable(xsMachine *the, int argument)
{
	void *data;
	xsUnsignedValue length;

	xsmcGetBufferReadable(xsArg(argument), &data, &length);
	return (Bytes){ data, length };
}

static uint8_t *writable(xsMachine *the, int argument, size_t length)
{
	void *data;
	xsUnsignedValue got;

	xsmcGetBufferWritable(xsArg(argument), &data, &got);
	if (got != length)
		xsRangeError("expected %d bytes, got %d", (int)length, (int)got);
	return data;
}

static const uint8_t *expectLength(xsMachine *the, const char *name, Bytes bytes, size_t length)
{
	if (bytes.length != length)
		xsRangeError("%s: expected %d bytes, got %d", name, (int)length, (int)bytes.length);
	return bytes.data;
}

/* The first argument of all. */
static Session session(xsMachine *the)
{
	Bytes bytes = readable(the, 0);
	Session session;

	if (!readSession(&session, bytes.data, bytes.length))
		xsRangeError("session: its bytes make no session of profile 1");
	return session;
}

/* The second argument of what needs it. */
static Bytes tgk(xsMachine *the, const Session *session)
{
	Bytes bytes = readable(the, 1);

	expectLength(the, "TGK", bytes, secretLength(session));
	return bytes;
}

/* xs_exchange_session(suite, sharing, type, sensor, type, responder, t, nonce): its bytes, with RAND */
void xs_exchange_session(xsMachine *the)
{
	uint32_t suite = (uint32_t)xsmcToInteger(xsArg(0)), sharing = (uint32_t)xsmcToInteger(xsArg(1));
	uint8_t sensorType = (uint8_t)xsmcToInteger(xsArg(2)), responderType = (uint8_t)xsmcToInteger(xsArg(4));
	uint32_t t = (uint32_t)xsmcToNumber(xsArg(6));
	size_t length = sessionLength(readable(the, 3).length, readable(the, 5).length);
	Identity sensor, responder;
	uint8_t *bytes;

	expectLength(the, "nonce", readable(the, 7), NONCE);
	if (readable(the, 3).length > LONGEST_IDENTITY || readable(the, 5).length > LONGEST_IDENTITY)
		xsRangeError("identity: expected at most %d bytes", LONGEST_IDENTITY);
	bytes = xsmcSetArrayBuffer(xsResult, NULL, (xsIntegerValue)length);
	sensor = identityOf(sensorType, readable(the, 3));
	responder = identityOf(responderType, readable(the, 5));
	createSession(suite, sharing, &sensor, &responder, t, readable(the, 7).data, bytes);
}

/* xs_exchange_open_messages(session, tgk, psks, weights): a buffer with all share messages, not sealed yet */
void xs_exchange_open_messages(xsMachine *the)
{
	Session it = session(the);
	size_t length = it.shares * shareMessageLength(&it);
	uint8_t *messages;

	expectLength(the, "PSKs", readable(the, 2), (size_t)it.privacy * PSK);
	expectLength(the, "weights", readable(the, 3), (size_t)(it.shares - it.privacy) * it.threshold);
	messages = xsmcSetArrayBuffer(xsResult, NULL, (xsIntegerValue)length);
	it = session(the);
	openShareMessages(&it, readable(the, 2).data, readable(the, 3).data, tgk(the, &it).data, messages);
}

/* xs_exchange_seal(session, psk, message) */
void xs_exchange_seal(xsMachine *the)
{
	Session it = session(the);
	const uint8_t *psk = expectLength(the, "PSK", readable(the, 1), PSK);
	int error = sealShareMessage(&it, psk, writable(the, 2, shareMessageLength(&it)));

	if (error != 0)
		xsUnknownError("aead: the cipher failed with error %d", error);
}

/* xs_exchange_share_verification(session, type, identity, psk, message): see checkShareVerification */
void xs_exchange_share_verification(xsMachine *the)
{
	Session it = session(the);
	Identity thirdParty = identityOf((uint8_t)xsmcToInteger(xsArg(1)), readable(the, 2));
	const uint8_t *psk = expectLength(the, "PSK", readable(the, 3), PSK);

	xsmcSetInteger(xsResult, checkShareVerification(&it, thirdParty, psk, readable(the, 4)));
}

/* xs_exchange_confirmation(session, tgk, message): see checkConfirmation */
void xs_exchange_confirmation(xsMachine *the)
{
	Session it = session(the);

	xsmcSetInteger(xsResult, checkConfirmation(&it, tgk(the, &it), readable(the, 2)));
}

/* xs_exchange_keys(session, tgk, tek, salt) */
void xs_exchange_keys(xsMachine *the)
{
	Session it = session(the);

	channelKeys(&it, tgk(the, &it), writable(the, 2, TEK), writable(the, 3, SALT));
}

/* xs_exchange_step_psks(psks): in place */
void xs_exchange_step_psks(xsMachine *the)
{
	size_t length = readable(the, 0).length;

	if (length % PSK != 0)
		xsRangeError("PSKs: expected a multiple of %d bytes, got %d", PSK, (int)length);
	stepPsks(writable(the, 0, length), length / PSK);
}
