/* A pseudo-terminal: prints the name of its end for programs, then carries stdin to it, and what is written there to
   stdout. Ends when stdin does: for whoever has the other end, the device is gone. */

#define _XOPEN_SOURCE 600
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

static int carry(int from, int to)
{
	static char bytes[65536];
	ssize_t length = read(from, bytes, sizeof bytes);
	ssize_t done = 0;
	if (length <= 0)
		return 0;
	while (done < length) {
		ssize_t more = write(to, bytes + done, (size_t)(length - done));
		if (more < 0)
			return 0;
		done += more;
	}
	return 1;
}

int main(void)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY);
	int slave;
	struct termios modes;
	struct pollfd ends[2];
	if (master < 0 || grantpt(master) || unlockpt(master))
		return 1;
	/* Held open, so that the terminal outlives a program that closes it; raw, so that no byte is changed. */
	slave = open(ptsname(master), O_RDWR | O_NOCTTY);
	if (slave < 0 || tcgetattr(slave, &modes))
		return 1;
	modes.c_iflag = modes.c_oflag = modes.c_lflag = 0;
	modes.c_cflag = CS8 | CREAD | CLOCAL;
	modes.c_cc[VMIN] = 1;
	modes.c_cc[VTIME] = 0;
	if (tcsetattr(slave, TCSANOW, &modes))
		return 1;
	fprintf(stderr, "%s\n", ptsname(master));
	ends[0].fd = STDIN_FILENO;
	ends[1].fd = master;
	ends[0].events = ends[1].events = POLLIN;
	while (poll(ends, 2, -1) > 0) {
		if ((ends[0].revents & (POLLIN | POLLHUP)) && !carry(STDIN_FILENO, master))
			return 0;
		if ((ends[1].revents & POLLIN) && !carry(master, STDOUT_FILENO))
			return 0;
	}
	return 0;
}
