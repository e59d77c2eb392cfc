/* The process: arguments, output, exit, and the engine's figures. */
#include "host.h"

/* xs_arguments(): a list of strings */
void xs_arguments(xsMachine *the)
{
	Host *host = hostOf(the);
	int i;

	xsmcVars(1);
	xsmcSetNewArray(xsResult, 0);
	for (i = 0; i < host->argumentCount; i++) {
		xsmcSetString(xsVar(0), host->arguments[i]);
		xsmcSetIndex(xsResult, (xsIndex)i, xsVar(0));
	}
}

/* xs_exit(code) */
void xs_exit(xsMachine *the)
{
	int code = xsmcToInteger(xsArg(0));

	fflush(stdout);
	_exit(code);
}

/* xs_print(line): to standard output */
void xs_print(xsMachine *the)
{
	puts(xsmcToString(xsArg(0)));
	fflush(stdout);
}

/*
 * xs_tell(event): an object to standard output, as a line of JSON. A board that counts what it executes leaves this out:
 * a sensor in use tells nobody.
 */
void xs_tell(xsMachine *the)
{
	pauseMeasurement();
	xsmcVars(1);
	xsmcGet(xsVar(0), xsGlobal, xsID("JSON"));
	xsmcCall(xsResult, xsVar(0), xsID("stringify"), &xsArg(0), NULL);
	puts(xsmcToString(xsResult));
	fflush(stdout);
	resumeMeasurement();
}

/* xs_report(line): to standard error */
void xs_report(xsMachine *the)
{
	fprintf(stderr, "%s\n", xsmcToString(xsArg(0)));
}

/* xs_engine(): "xs 13.3.0" */
void xs_engine(xsMachine *the)
{
	char text[32];

	readVersion(text, sizeof(text));
	xsmcSetString(xsResult, text);
}

/* xs_computrons(): how much the machine has computed so far */
void xs_computrons(xsMachine *the)
{
	xsmcSetNumber(xsResult, (double)readComputrons(the));
}

/* xs_heap_restart(): collects garbage, and forgets the peaks so far */
void xs_heap_restart(xsMachine *the)
{
	restartHeapPeaks(the);
	measureFromHere();
}

/* xs_heap_slots(): the most bytes that slots took at once */
void xs_heap_slots(xsMachine *the)
{
	double slotBytes, chunkBytes;

	readHeapPeaks(the, &slotBytes, &chunkBytes);
	xsmcSetNumber(xsResult, slotBytes);
}

/* xs_heap_chunks(): the most bytes that chunks took at once, bytecode included */
void xs_heap_chunks(xsMachine *the)
{
	double slotBytes, chunkBytes;

	readHeapPeaks(the, &slotBytes, &chunkBytes);
	xsmcSetNumber(xsResult, chunkBytes);
}
