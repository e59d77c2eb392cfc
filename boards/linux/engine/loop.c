/* The event loop: timers, then datagrams and what comes over the pseudo-terminal. */
#include "host.h"
#include "pty.h"
#include "udp.h"

#include <errno.h>

double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec * 1000 + (double)time.tv_nsec / 1000000;
}

/* A process counts nothing besides what the engine counts. */
void measureFromHere(void)
{
}

void pauseMeasurement(void)
{
}

void resumeMeasurement(void)
{
}

void runLoop(xsMachine *the)
{
	Host *host = hostOf(the);
	struct pollfd polls[16];

	endTurn(the);
	for (;;) {
		int sockets = fillPolls(host, polls, sizeof(polls) / sizeof(polls[0]) - 1);
		int count = sockets + fillPtyPoll(&polls[sockets]);
		int delay = timerDelay(host);

		fflush(stdout);
		if (count == 0 && delay < 0)
			return;
		if (poll(polls, (nfds_t)count, delay) < 0 && errno != EINTR) {
			fprintf(stderr, "poll: %s\n", strerror(errno));
			exit(EXIT_UNCAUGHT);
		}
		fireTimers(the, host);
		endTurn(the);
		receiveDatagrams(the, host, polls, sockets);
		if (count > sockets && polls[sockets].revents)
			receivePty(the);
		endTurn(the);
	}
}
