/* The hooks that XS leaves to its host, and what else needs the inside of the engine: xsAll.h, not xs.h. */
#include "xsAll.h"
#include "xsScript.h"

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

/* Modules. The name of a module is its canonical path, so that a file is one module however it is named. */

txID fxFindModule(txMachine *the, txSlot *realm, txID moduleID, txSlot *slot)
{
	char name[C_PATH_MAX], path[2 * C_PATH_MAX], real[C_PATH_MAX];
	char *slash;
	(void)realm;

	fxToStringBuffer(the, slot, name, sizeof(name));
	if (name[0] == '/')
		c_strcpy(path, name);
	else {
		/* Only relative names: what a package manager would find is no part of a board. */
		if (moduleID == XS_NO_ID || name[0] != '.')
			return XS_NO_ID;
		c_strncpy(path, fxGetKeyName(the, moduleID), C_PATH_MAX - 1);
		path[C_PATH_MAX - 1] = 0;
		slash = c_strrchr(path, '/');
		if (slash == NULL)
			return XS_NO_ID;
		c_strcpy(slash + 1, name);
	}
	if (realpath(path, real) == NULL)
		return XS_NO_ID;
	return fxNewNameC(the, real);
}

/* A SyntaxError of XS does not say where; this does, on standard error. */
static void reportSyntax(void *console, txString path, txInteger line, txString format, c_va_list arguments)
{
	(void)console;
	fprintf(stderr, "%s:%d: ", path ? path : "?", (int)line);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
}

static txScript *parse(txMachine *the, char *path)
{
	txParser parser;
	txParserJump jump;
	txScript *volatile script = NULL;
	txString sourceMap = NULL;
	FILE *file = fopen(path, "r");

	if (file == NULL)
		return NULL;
	fxInitializeParser(&parser, the, the->parserBufferSize, the->parserTableModulo);
	parser.firstJump = &jump;
	parser.reportError = reportSyntax;
	if (c_setjmp(jump.jmp_buf) == 0) {
		parser.path = fxNewParserSymbol(&parser, path);
		fxParserTree(&parser, file, (txGetter)fgetc, 0, &sourceMap);
		fxParserHoist(&parser);
		fxParserBind(&parser);
		script = fxParserCode(&parser);
	}
	fclose(file);
	fxTerminateParser(&parser);
	return script;
}

void fxLoadModule(txMachine *the, txSlot *module, txID moduleID)
{
	char path[C_PATH_MAX];
	txScript *script;

	c_strncpy(path, fxGetKeyName(the, moduleID), C_PATH_MAX - 1);
	path[C_PATH_MAX - 1] = 0;
	script = parse(the, path);
	if (script)
		fxResolveModule(the, module, moduleID, script, C_NULL, C_NULL);
}

static void entryDone(txMachine *the)
{
	hostOf(the)->importing = 0;
}

static void entryFailed(txMachine *the)
{
	mxException = *mxArgv(0);
	endUncaught(the, "uncaught");
}

void importEntry(txMachine *the, char *path)
{
	hostOf(the)->importing = 1;
	mxPushStringC(path);
	fxRunImport(the, mxProgram.value.reference->next->value.module.realm, XS_NO_ID);
	mxDub();
	fxGetID(the, mxID(_then));
	mxCall();
	fxNewHostFunction(the, entryDone, 1, XS_NO_ID, XS_NO_ID);
	fxNewHostFunction(the, entryFailed, 1, XS_NO_ID, XS_NO_ID);
	mxRunCount(2);
	mxPop();
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

	host->computrons += the->meterIndex;
	the->meterIndex = 0;
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
