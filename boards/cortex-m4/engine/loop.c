/* The event loop over the bridge: whoever started the emulator owns the time and the network. */
#include "host.h"

#include "board.h"

struct Socket {
	xsSlot callback;
};

static Socket datagrams;
static double time_;

/* Stands still between two waits, so that a run depends on what comes from outside alone. */
double now(void)
{
	return time_;
}

/* A reply that says: done, or why not. */
static void expectDone(xsMachine *the)
{
	if (receiveReply() != REPLY_DONE)
		xsUnknownError("%s", (const char *)reply);
}

/* xs_udp_open(address, port, callback): the board has one socket */
void xs_udp_open(xsMachine *the)
{
	Host *host = hostOf(the);
	xsIntegerValue number = xsmcToInteger(xsArg(1));
	uint8_t port[2] = { (uint8_t)number, (uint8_t)(number >> 8) };
	char *address;

	if (host->sockets != NULL)
		xsUnknownError("the board has one socket");
	if (!xsmcIsCallable(xsArg(2)))
		xsTypeError("callback: expected a function");
	address = xsmcToString(xsArg(0));
	sendFrame(FRAME_OPEN, port, sizeof(port), address, strlen(address));
	expectDone(the);
	datagrams.callback = xsArg(2);
	xsRemember(datagrams.callback);
	host->sockets = &datagrams;
	xsmcSetInteger(xsResult, ++host->lastSocket);
}

/* xs_udp_send(socket, address, port, bytes) */
void xs_udp_send(xsMachine *the)
{
	uint8_t head[3 + 64];
	void *data;
	xsUnsignedValue length;
	xsIntegerValue port = xsmcToInteger(xsArg(2));

	xsmcToStringBuffer(xsArg(1), (char *)head + 3, sizeof(head) - 3);
	if (port < 0 || port > 65535)
		xsRangeError("port: expected 0 to 65535, got %d", (int)port);
	head[0] = (uint8_t)port;
	head[1] = (uint8_t)(port >> 8);
	head[2] = (uint8_t)strlen((char *)head + 3);
	xsmcGetBufferReadable(xsArg(3), &data, &length);
	sendFrame(FRAME_SEND, head, 3 + (size_t)head[2], data, length);
}

/* xs_udp_close(socket) */
void xs_udp_close(xsMachine *the)
{
	Host *host = hostOf(the);

	if (host->sockets == NULL)
		return;
	host->sockets = NULL;
	xsForget(datagrams.callback);
	sendFrame(FRAME_CLOSE, NULL, 0, NULL, 0);
}

static void receiveDatagram(xsMachine *the)
{
	const uint8_t *from = reply + sizeof(double);
	char address[256];

	xsBeginHost(the);
	{
		xsTry {
			memcpy(address, from + 3, from[2]);
			address[from[2]] = 0;
			xsmcVars(4);
			xsmcSetString(xsVar(0), address);
			xsmcSetInteger(xsVar(1), from[0] | from[1] << 8);
			xsmcSetArrayBuffer(xsVar(2), (void *)(from + 3 + from[2]), reply + replyLength - (from + 3 + from[2]));
			xsVar(3) = xsAccess(datagrams.callback);
			xsCallFunction3(xsVar(3), xsUndefined, xsVar(0), xsVar(1), xsVar(2));
		}
		xsCatch {
			endUncaught(the, "uncaught");
		}
	}
	xsEndHost(the);
}

void runLoop(xsMachine *the)
{
	Host *host = hostOf(the);

	endTurn(the);
	for (;;) {
		double delay = timerDelay(host);
		int kind;

		if (host->sockets == NULL && delay < 0)
			return;
		sendFrame(FRAME_IDLE, &delay, sizeof(delay), NULL, 0);
		kind = receiveReply();
		memcpy(&time_, reply, sizeof(time_));
		fireTimers(the, host);
		endTurn(the);
		if (kind == REPLY_DATAGRAM && host->sockets != NULL) {
			receiveDatagram(the);
			endTurn(the);
		}
	}
}
