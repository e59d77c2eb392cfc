/* The event loop: promise jobs after every callback, then timers, then datagrams. */
#include "host.h"

#include <errno.h>

double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec * 1000 + (double)time.tv_nsec / 1000000;
}

static void endTurn(xsMachine *the)
{
	xsBeginHost(the);
	{
		xsTry {
			runPromiseJobs(the);
		}
		xsCatch {
			endUncaught(the, "uncaught");
		}
		checkRejections(the);
	}
	xsEndHost(the);
	readComputrons(the);
}

void runLoop(xsMachine *the)
{
	Host *host = hostOf(the);
	struct pollfd polls[16];

	endTurn(the);
	for (;;) {
		int count = fillPolls(host, polls, sizeof(polls) / sizeof(polls[0]));
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
		receiveDatagrams(the, host, polls, count);
		endTurn(the);
	}
}

/* "Error: message" and the frames under it; the stack of XS begins with the message. */
void endUncaught(xsMachine *the, const char *what)
{
	xsBeginHost(the);
	{
		xsTry {
			xsmcVars(1);
			xsVar(0) = xsException;
			if (xsmcTypeOf(xsVar(0)) == xsReferenceType && xsmcHas(xsVar(0), xsID("stack")))
				xsmcGet(xsVar(0), xsVar(0), xsID("stack"));
			fprintf(stderr, "%s: %s\n", what, xsmcToString(xsVar(0)));
		}
		xsCatch {
			fprintf(stderr, "%s: a value that has no text\n", what);
		}
	}
	xsEndHost(the);
	fflush(stdout);
	_exit(EXIT_UNCAUGHT);
}
