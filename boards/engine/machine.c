/* The hooks that XS leaves to every host, and what else needs the inside of the engine: xsAll.h, not xs.h. */
#include "xsAll.h"

/* host.h wants xs.h, which can't stand beside xsAll.h: the same names, seen from the inside. */
#define __XS__
#define __XSMC_H__
typedef txMachine xsMachine;
#include "host.h"

Host *hostOf(txMachine *the)
{
	return the->host;
}

void setHost(txMachine *the, Host *host)
{
	the->host = host;
}

/* Promises */

void fxQueuePromiseJobs(txMachine *the)
{
	hostOf(the)->promiseJobs = 1;
}

void runPromiseJobs(txMachine *the)
{
	Host *host = hostOf(the);

	while (host->promiseJobs) {
		host->promiseJobs = 0;
		fxRunPromiseJobs(the);
	}
	fxEndJob(the);
}

void checkRejections(txMachine *the)
{
	fxCheckUnhandledRejections(the, 1);
}

/* The end of everything that a script can't go on from. */
void fxAbort(txMachine *the, int status)
{
	switch (status) {
	case XS_UNHANDLED_EXCEPTION_EXIT:
		endUncaught(the, "uncaught");
	case XS_UNHANDLED_REJECTION_EXIT:
		endUncaught(the, "unhandled rejection");
	case XS_STACK_OVERFLOW_EXIT:
		fprintf(stderr, "stack overflow\n");
		break;
	case XS_NOT_ENOUGH_MEMORY_EXIT:
		fprintf(stderr, "memory full\n");
		break;
	case XS_NO_MORE_KEYS_EXIT:
		fprintf(stderr, "not enough keys\n");
		break;
	default:
		fprintf(stderr, "XS aborted with status %d\n", status);
	}
	fflush(stdout);
	_exit(EXIT_UNCAUGHT);
}

/* Figures */

void readVersion(char *text, size_t size)
{
	snprintf(text, size, "xs %d.%d.%d", XS_MAJOR_VERSION, XS_MINOR_VERSION, XS_PATCH_VERSION);
}

/* The engine counts in 32 bits; this is called once a turn at least. */
uint64_t readComputrons(txMachine *the)
{
	Host *host = hostOf(the);

#ifdef mxMetering
	host->computrons += the->meterIndex;
	the->meterIndex = 0;
#endif
	return host->computrons;
}

void restartHeapPeaks(txMachine *the)
{
	fxCollectGarbage(the);
	the->peakHeapCount = the->currentHeapCount;
	the->peakChunksSize = the->currentChunksSize;
}

void readHeapPeaks(txMachine *the, double *slotBytes, double *chunkBytes)
{
	*slotBytes = (double)the->peakHeapCount * sizeof(txSlot);
	*chunkBytes = the->peakChunksSize;
}
