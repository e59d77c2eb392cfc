/*
 * A pseudo-terminal as the board's serial port: whoever opens its other end finds a terminal, as with a board on USB.
 * A symbolic link says where that is. It stays when the process ends and leads nowhere then, as with a board unplugged.
 */
#define _GNU_SOURCE
#include "host.h"
#include "pty.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define MAX_READ 2048

static struct {
	int isOpen;
	int master;
	int slave; /* held open: without anybody at the other end the port is silent, not broken */
	char link[PATH_MAX];
	xsSlot callback;
} pty;

/* The terminal, and NULL; or what failed. */
static const char *openBoth(void)
{
	char name[PATH_MAX];
	struct termios modes;

	pty.master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (pty.master < 0)
		return "posix_openpt";
	if (grantpt(pty.master) < 0 || unlockpt(pty.master) < 0 || ptsname_r(pty.master, name, sizeof(name)) != 0) {
		close(pty.master);
		return "unlockpt";
	}
	pty.slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (pty.slave < 0) {
		close(pty.master);
		return "open";
	}
	/* Raw before anybody opens it: else the first bytes would come back as an echo. */
	tcgetattr(pty.slave, &modes);
	cfmakeraw(&modes);
	tcsetattr(pty.slave, TCSANOW, &modes);
	unlink(pty.link);
	if (symlink(name, pty.link) < 0) {
		close(pty.slave);
		close(pty.master);
		return pty.link;
	}
	return NULL;
}

/* xs_pty_open(link, callback): makes the link; callback(buffer) for what arrives */
void xs_pty_open(xsMachine *the)
{
	const char *failed;

	if (pty.isOpen)
		xsUnknownError("the process has a pseudo-terminal already");
	if (!xsmcIsCallable(xsArg(1)))
		xsTypeError("callback: expected a function");
	xsmcToStringBuffer(xsArg(0), pty.link, sizeof(pty.link));
	failed = openBoth();
	if (failed != NULL)
		xsUnknownError("%s: %s", failed, strerror(errno));
	pty.isOpen = 1;
	pty.callback = xsArg(1);
	xsRemember(pty.callback);
}

/* xs_pty_write(bytes). What nobody reads is lost once the terminal's buffer is full, as on a wire. */
void xs_pty_write(xsMachine *the)
{
	void *data;
	xsUnsignedValue length;

	if (!pty.isOpen)
		xsUnknownError("the pseudo-terminal is closed");
	xsmcGetBufferReadable(xsArg(0), &data, &length);
	if (write(pty.master, data, length) < 0 && errno != EAGAIN)
		xsUnknownError("write: %s", strerror(errno));
}

/* xs_pty_close() */
void xs_pty_close(xsMachine *the)
{
	closePty(the);
}

void closePty(xsMachine *the)
{
	if (!pty.isOpen)
		return;
	unlink(pty.link);
	close(pty.slave);
	close(pty.master);
	pty.isOpen = 0;
	xsForget(pty.callback);
}

int fillPtyPoll(struct pollfd *poll)
{
	if (!pty.isOpen)
		return 0;
	poll->fd = pty.master;
	poll->events = POLLIN;
	poll->revents = 0;
	return 1;
}

void receivePty(xsMachine *the)
{
	uint8_t bytes[MAX_READ];
	ssize_t length;

	/* A callback may have closed it meanwhile. */
	if (!pty.isOpen)
		return;
	length = read(pty.master, bytes, sizeof(bytes));
	if (length <= 0)
		return;
	xsBeginHost(the);
	{
		xsTry {
			xsmcVars(1);
			xsmcSetArrayBuffer(xsVar(0), bytes, (xsIntegerValue)length);
			xsCallFunction1(xsAccess(pty.callback), xsUndefined, xsVar(0));
			runPromiseJobs(the);
		}
		xsCatch {
			endUncaught(the, "uncaught");
		}
	}
	xsEndHost(the);
}
