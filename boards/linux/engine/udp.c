/* UDP over IPv4 with numeric addresses: a sensor looks up no names. */
#include "host.h"
#include "udp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

#define MAX_DATAGRAM 2048

struct Socket {
	Socket *next;
	int id;
	int descriptor;
	xsSlot callback;
};

static struct sockaddr_in addressOf(xsMachine *the, int argument)
{
	struct sockaddr_in address;
	char text[64];
	xsIntegerValue port = xsmcToInteger(xsArg(argument + 1));

	memset(&address, 0, sizeof(address));
	xsmcToStringBuffer(xsArg(argument), text, sizeof(text));
	address.sin_family = AF_INET;
	if (inet_pton(AF_INET, text, &address.sin_addr) != 1)
		xsRangeError("address: expected a numeric IPv4 address, got %s", text);
	if (port < 0 || port > 65535)
		xsRangeError("port: expected 0 to 65535, got %d", (int)port);
	address.sin_port = htons((uint16_t)port);
	return address;
}

static Socket *socketOf(xsMachine *the)
{
	xsIntegerValue id = xsmcToInteger(xsArg(0));
	Socket *socket = hostOf(the)->sockets;

	while (socket && socket->id != id)
		socket = socket->next;
	if (socket == NULL)
		xsUnknownError("socket %d is closed", (int)id);
	return socket;
}

/* xs_udp_open(address, port, callback): a number; callback(address, port, buffer) for each datagram */
void xs_udp_open(xsMachine *the)
{
	Host *host = hostOf(the);
	struct sockaddr_in address = addressOf(the, 0);
	Socket *opened;
	int descriptor;

	if (!xsmcIsCallable(xsArg(2)))
		xsTypeError("callback: expected a function");
	descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (descriptor < 0)
		xsUnknownError("socket: %s", strerror(errno));
	if (bind(descriptor, (struct sockaddr *)&address, sizeof(address)) < 0) {
		int error = errno;
		close(descriptor);
		xsUnknownError("bind: %s", strerror(error));
	}
	opened = calloc(1, sizeof(Socket));
	if (opened == NULL) {
		close(descriptor);
		xsUnknownError("no memory for a socket");
	}
	opened->id = ++host->lastSocket;
	opened->descriptor = descriptor;
	opened->callback = xsArg(2);
	xsRemember(opened->callback);
	opened->next = host->sockets;
	host->sockets = opened;
	xsmcSetInteger(xsResult, opened->id);
}

/* xs_udp_send(socket, address, port, bytes). A full buffer or an absent peer loses the datagram, as UDP may. */
void xs_udp_send(xsMachine *the)
{
	Socket *socket = socketOf(the);
	struct sockaddr_in address = addressOf(the, 1);
	void *data;
	xsUnsignedValue length;

	xsmcGetBufferReadable(xsArg(3), &data, &length);
	if (sendto(socket->descriptor, data, length, 0, (struct sockaddr *)&address, sizeof(address)) < 0 &&
		errno != EAGAIN && errno != ECONNREFUSED && errno != ENOBUFS)
		xsUnknownError("sendto: %s", strerror(errno));
}

/* xs_udp_close(socket) */
void xs_udp_close(xsMachine *the)
{
	Socket *closed = socketOf(the);
	Socket **place = &hostOf(the)->sockets;

	while (*place != closed)
		place = &(*place)->next;
	*place = closed->next;
	close(closed->descriptor);
	xsForget(closed->callback);
	free(closed);
}

int fillPolls(Host *host, struct pollfd *polls, int limit)
{
	Socket *socket;
	int count = 0;

	for (socket = host->sockets; socket && count < limit; socket = socket->next) {
		polls[count].fd = socket->descriptor;
		polls[count].events = POLLIN;
		polls[count].revents = 0;
		count++;
	}
	return count;
}

static void deliver(xsMachine *the, Socket *socket)
{
	struct sockaddr_in address;
	socklen_t addressLength = sizeof(address);
	char text[INET_ADDRSTRLEN];
	uint8_t datagram[MAX_DATAGRAM];
	ssize_t length = recvfrom(socket->descriptor, datagram, sizeof(datagram), MSG_TRUNC,
		(struct sockaddr *)&address, &addressLength);

	/* Errors are ICMP's answers to earlier datagrams. What is longer than the buffer is not ours. */
	if (length < 0 || length > MAX_DATAGRAM)
		return;
	xsBeginHost(the);
	{
		xsTry {
			xsmcVars(3);
			inet_ntop(AF_INET, &address.sin_addr, text, sizeof(text));
			xsmcSetString(xsVar(0), text);
			xsmcSetInteger(xsVar(1), ntohs(address.sin_port));
			xsmcSetArrayBuffer(xsVar(2), datagram, (xsIntegerValue)length);
			xsCallFunction3(xsAccess(socket->callback), xsUndefined, xsVar(0), xsVar(1), xsVar(2));
			runPromiseJobs(the);
		}
		xsCatch {
			endUncaught(the, "uncaught");
		}
	}
	xsEndHost(the);
}

void receiveDatagrams(xsMachine *the, Host *host, const struct pollfd *polls, int count)
{
	int i;

	for (i = 0; i < count; i++) {
		/* A callback may have closed it meanwhile. */
		Socket *socket = host->sockets;
		while (socket && socket->descriptor != polls[i].fd)
			socket = socket->next;
		if (socket && polls[i].revents)
			deliver(the, socket);
	}
}

void closeSockets(xsMachine *the, Host *host)
{
	while (host->sockets) {
		Socket *socket = host->sockets;
		host->sockets = socket->next;
		close(socket->descriptor);
		xsForget(socket->callback);
		free(socket);
	}
}
