/* The process's pseudo-terminal. */
#ifndef SYMBOLON_PTY_H
#define SYMBOLON_PTY_H

#include <poll.h>

/* 1 when there is one. */
int fillPtyPoll(struct pollfd *poll);
void receivePty(xsMachine *the);
void closePty(xsMachine *the);

#endif
