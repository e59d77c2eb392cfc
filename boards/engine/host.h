/* What is around one XS machine, on every board that starts the engine itself. */
#ifndef SYMBOLON_HOST_H
#define SYMBOLON_HOST_H

#include <stdint.h>

#include "xsmc.h"

/* Exit code of an exception that nothing caught, of a rejection that nothing handled, and of a full heap. */
#define EXIT_UNCAUGHT 70
/* sysexits.h: wrong use of the command line. */
#define EXIT_USAGE 64

typedef struct Timer Timer;
typedef struct Socket Socket;

typedef struct {
	int argumentCount;
	char **arguments; /* those of the script */
	int promiseJobs;
	int importing; /* the entry module has not finished yet */
	uint64_t computrons;
	Timer *timers; /* the next to fire first */
	uint32_t lastTimer;
	Socket *sockets;
	int lastSocket;
} Host;

/* natives.c: makes the global function `native`. */
void defineNatives(xsMachine *the);

/* turn.c: what follows every callback. */
void endTurn(xsMachine *the);
/* Prints the pending exception with its stack and ends everything. */
void endUncaught(xsMachine *the, const char *what) __attribute__((noreturn));

/* The board's own: runs jobs, timers and datagrams until nothing can happen any more. */
void runLoop(xsMachine *the);
/* The board's own: milliseconds since an arbitrary start. */
double now(void);
/* The board's own: what it can count of a run, it counts from here. */
void measureFromHere(void);
void pauseMeasurement(void);
void resumeMeasurement(void);

/* The engine's own, which xs.h does not declare. */
void fxInitializeSharedCluster(void);
void fxTerminateSharedCluster(void);

/* machine.c: what needs the inside of the engine. */
Host *hostOf(xsMachine *the);
void setHost(xsMachine *the, Host *host);
void runPromiseJobs(xsMachine *the);
void checkRejections(xsMachine *the);
void readVersion(char *text, size_t size);
uint64_t readComputrons(xsMachine *the);
/* Collects garbage first, so that what comes is measured on what is needed. */
void restartHeapPeaks(xsMachine *the);
void readHeapPeaks(xsMachine *the, double *slotBytes, double *chunkBytes);

/* timers.c: milliseconds to the next timer, or -1. */
int timerDelay(Host *host);
void fireTimers(xsMachine *the, Host *host);
void freeTimers(xsMachine *the, Host *host);

#endif
