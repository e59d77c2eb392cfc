/* The sockets of the process. */
#ifndef SYMBOLON_UDP_H
#define SYMBOLON_UDP_H

#include <poll.h>

int fillPolls(Host *host, struct pollfd *polls, int limit);
void receiveDatagrams(xsMachine *the, Host *host, const struct pollfd *polls, int count);
void closeSockets(xsMachine *the, Host *host);

#endif
