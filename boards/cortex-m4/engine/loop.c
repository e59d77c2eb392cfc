/* The event loop over the bridge: whoever started the emulator owns the time and the network. */
#include "host.h"

#include "board.h"
#include "uart.h"

struct Socket {
	xsSlot callback;
	uint8_t number; /* 0: it is closed */
};

/* An address of the network as text, with its 0. */
#define MAX_ADDRESS 64

/* An exchange has one, and readings another. */
static Socket sockets[2];
#define SOCKETS (sizeof(sockets) / sizeof(sockets[0]))
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

static Socket *findSocket(xsIntegerValue number)
{
	size_t i;

	for (i = 0; i < SOCKETS; i++) {
		if (sockets[i].number == number)
			return sockets + i;
	}
	return NULL;
}

static Socket *findOpen(xsIntegerValue number)
{
	return number == 0 ? NULL : findSocket(number);
}

static int anySocket(void)
{
	size_t i;

	for (i = 0; i < SOCKETS; i++) {
		if (sockets[i].number != 0)
			return 1;
	}
	return 0;
}

/* xs_udp_open(address, port, callback): a number for the socket */
void xs_udp_open(xsMachine *the)
{
	Socket *it = findSocket(0);
	xsIntegerValue number = xsmcToInteger(xsArg(1));
	uint8_t head[3] = { (uint8_t)number, (uint8_t)(number >> 8) };
	char *address;

	if (it == NULL)
		xsUnknownError("the board has no more sockets");
	head[2] = (uint8_t)(it - sockets + 1);
	if (!xsmcIsCallable(xsArg(2)))
		xsTypeError("callback: expected a function");
	address = xsmcToString(xsArg(0));
	sendFrame(FRAME_OPEN, head, sizeof(head), address, strlen(address));
	expectDone(the);
	it->number = head[2];
	it->callback = xsArg(2);
	xsRemember(it->callback);
	xsmcSetInteger(xsResult, it->number);
}

/* xs_udp_send(socket, address, port, bytes) */
void xs_udp_send(xsMachine *the)
{
	uint8_t head[4 + MAX_ADDRESS];
	void *data;
	xsUnsignedValue length;
	xsIntegerValue port = xsmcToInteger(xsArg(2));

	xsmcToStringBuffer(xsArg(1), (char *)head + 4, sizeof(head) - 4);
	if (port < 0 || port > 65535)
		xsRangeError("port: expected 0 to 65535, got %d", (int)port);
	head[0] = (uint8_t)port;
	head[1] = (uint8_t)(port >> 8);
	head[2] = (uint8_t)xsmcToInteger(xsArg(0));
	head[3] = (uint8_t)strlen((char *)head + 4);
	xsmcGetBufferReadable(xsArg(3), &data, &length);
	sendFrame(FRAME_SEND, head, 4 + (size_t)head[3], data, length);
}

/* xs_udp_close(socket) */
void xs_udp_close(xsMachine *the)
{
	xsIntegerValue number = xsmcToInteger(xsArg(0));
	Socket *it = findOpen(number);
	uint8_t closed = (uint8_t)number;

	if (it == NULL)
		return;
	it->number = 0;
	xsForget(it->callback);
	sendFrame(FRAME_CLOSE, &closed, sizeof(closed), NULL, 0);
}

static void receiveDatagram(xsMachine *the)
{
	const uint8_t *from = reply + sizeof(double);
	char address[MAX_ADDRESS];

	/* It may have been closed while the datagram was on its way. */
	if (findOpen(from[2]) == NULL)
		return;
	xsBeginHost(the);
	{
		xsTry {
			if (from[3] >= sizeof(address))
				xsUnknownError("address: %d bytes are too many", from[3]);
			memcpy(address, from + 4, from[3]);
			address[from[3]] = 0;
			xsmcVars(4);
			xsmcSetString(xsVar(0), address);
			xsmcSetInteger(xsVar(1), from[0] | from[1] << 8);
			xsmcSetArrayBuffer(xsVar(2), (void *)(from + 4 + from[3]), reply + replyLength - (from + 4 + from[3]));
			xsVar(3) = xsAccess(findOpen(from[2])->callback);
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

		if (!anySocket() && !uartIsOpen() && delay < 0)
			return;
		sendFrame(FRAME_IDLE, &delay, sizeof(delay), NULL, 0);
		kind = receiveReply();
		memcpy(&time_, reply, sizeof(time_));
		/* First what has arrived: timers may ask for replies of their own. */
		if (kind == REPLY_DATAGRAM) {
			receiveDatagram(the);
			endTurn(the);
		}
		if (kind == REPLY_SERIAL && uartIsOpen()) {
			receiveUart(the, reply[8] | (size_t)reply[9] << 8);
			endTurn(the);
		}
		fireTimers(the, host);
		endTurn(the);
	}
}
