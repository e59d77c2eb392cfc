/*
 * symbolon-xs: runs an ECMAScript module and what it imports on XS.
 *
 *   symbolon-xs [--slots N] [--chunks BYTES] module.js [arguments]
 *
 * The heap starts at the size that a board could give and grows when that is too little, so that its peak can be
 * measured: 8192 slots (128 KB of 16 bytes; some 71 KB of them are the engine's own objects, which devices keep in
 * flash) and 64 KB of chunks (bytecode included, flash on devices), stack 512 slots as in Moddable's base manifest
 * for nRF52, doubled since parsed code nests deeper than xsc's.
 */
#include "host.h"
#include "modules.h"
#include "pty.h"
#include "udp.h"

#include <errno.h>

static void usage(void)
{
	fprintf(stderr, "usage: symbolon-xs [--slots N] [--chunks BYTES] module.js [arguments]\n");
	exit(EXIT_USAGE);
}

static xsIntegerValue size(const char *text)
{
	char *end;
	long value;

	if (text == NULL)
		usage();
	value = strtol(text, &end, 10);
	if (*end != 0 || value < 1024 || value > 1024L * 1024 * 1024)
		usage();
	return (xsIntegerValue)value;
}

int main(int argc, char **argv)
{
	xsCreation creation = {
		.initialChunkSize = 64 * 1024,
		.incrementalChunkSize = 4 * 1024,
		.initialHeapCount = 8192,
		.incrementalHeapCount = 256,
		.stackCount = 1024,
		.initialKeyCount = 2048,
		.incrementalKeyCount = 256,
		.nameModulo = 127,
		.symbolModulo = 127,
		.parserBufferSize = 64 * 1024,
		.parserTableModulo = 127,
	};
	Host host = { 0 };
	char path[PATH_MAX];
	xsMachine *the;
	int i;

	for (i = 1; i < argc && strncmp(argv[i], "--", 2) == 0; i++) {
		if (strcmp(argv[i], "--slots") == 0) {
			creation.initialHeapCount = size(argv[++i]);
			creation.incrementalHeapCount = creation.initialHeapCount / 4;
			creation.stackCount = 16 * 1024;
		} else if (strcmp(argv[i], "--chunks") == 0) {
			creation.initialChunkSize = size(argv[++i]);
			creation.incrementalChunkSize = creation.initialChunkSize / 4;
			creation.parserBufferSize = 8 * 1024 * 1024;
		} else
			usage();
	}
	if (i >= argc)
		usage();
	if (realpath(argv[i], path) == NULL) {
		fprintf(stderr, "%s: %s\n", argv[i], strerror(errno));
		return EXIT_USAGE;
	}
	host.arguments = argv + i + 1;
	host.argumentCount = argc - i - 1;

	fxInitializeSharedCluster();
	the = xsCreateMachine(&creation, "symbolon", NULL);
	if (the == NULL) {
		fprintf(stderr, "no memory for the machine\n");
		return EXIT_UNCAUGHT;
	}
	setHost(the, &host);
	xsBeginHost(the);
	{
		xsTry {
			defineNatives(the);
			importEntry(the, path);
		}
		xsCatch {
			endUncaught(the, "uncaught");
		}
	}
	xsEndHost(the);
	runLoop(the);
	if (host.importing) {
		fprintf(stderr, "%s waits for a promise that nothing can settle any more\n", path);
		return EXIT_UNCAUGHT;
	}
	freeTimers(the, &host);
	closeSockets(the, &host);
	closePty(the);
	xsDeleteMachine(the);
	fxTerminateSharedCluster();
	return 0;
}
