/*
 * Compiles the bundle for the board, on the machine that builds: parses it with the same engine, gives names the IDs
 * that they will have on the board, and lets code and strings run where they lie. Prints C for script.h.
 *
 *   symbolon-compile bundle.js [--profile] > script.c
 *
 * With --profile a call in tail position is a call like any other, so that callers stay to be seen.
 */
#include "xsAll.h"
#include "xsScript.h"
#include "../engine/board-natives.h"
#include "natives.h"

/* The engine's own (xsRun.c), in no header of it. */
void fxRemapIDs(txMachine *the, txByte *codeBuffer, txSize codeSize, txID *theIDs);

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
	FILE *file = fopen(path, "r");

	if (file == NULL)
		return NULL;
	fxInitializeParser(&parser, the, the->parserBufferSize, the->parserTableModulo);
	parser.firstJump = &jump;
	parser.reportError = reportSyntax;
	if (c_setjmp(jump.jmp_buf) == 0) {
		parser.path = fxNewParserSymbol(&parser, path);
		fxParserTree(&parser, file, (txGetter)fgetc, mxStrictFlag | mxProgramFlag, NULL);
		fxParserHoist(&parser);
		fxParserBind(&parser);
		script = fxParserCode(&parser);
	}
	fclose(file);
	fxTerminateParser(&parser);
	return script;
}

/* The names of the script, numbered as the board will number them; as fxRunScript does it. */
static void resolveNames(txMachine *the, txScript *script)
{
	txByte *p = script->symbolsBuffer;
	txID count, i, *ids;

	mxDecodeID(p, count);
	ids = calloc((size_t)count, sizeof(txID));
	ids[0] = XS_NO_ID;
	for (i = 1; i < count; i++) {
		ids[i] = fxNewNameC(the, (txString)p);
		p += mxStringLength((char *)p) + 1;
	}
	fxRemapIDs(the, script->codeBuffer, script->codeSize, ids);
	free(ids);
}

/* Functions and strings that were to be copied to the heap are to be used in place. */
static void keepInPlace(txScript *script, int profile)
{
	txByte *p = script->codeBuffer, *end = p + script->codeSize;

	while (p < end) {
		txU1 code = (txU1)*p;
		txS1 size = gxCodeSizes[code];

		if (profile) {
			switch (code) {
			case XS_CODE_RUN_TAIL: *p = XS_CODE_RUN; break;
			case XS_CODE_RUN_TAIL_1: *p = XS_CODE_RUN_1; break;
			case XS_CODE_RUN_TAIL_2: *p = XS_CODE_RUN_2; break;
			case XS_CODE_RUN_TAIL_4: *p = XS_CODE_RUN_4; break;
			}
		}
		switch (code) {
		case XS_CODE_CODE_1: *p = (txByte)XS_CODE_CODE_ARCHIVE_1; break;
		case XS_CODE_CODE_2: *p = (txByte)XS_CODE_CODE_ARCHIVE_2; break;
		case XS_CODE_CODE_4: *p = (txByte)XS_CODE_CODE_ARCHIVE_4; break;
		case XS_CODE_STRING_1: *p = (txByte)XS_CODE_STRING_ARCHIVE_1; break;
		case XS_CODE_STRING_2: *p = (txByte)XS_CODE_STRING_ARCHIVE_2; break;
		case XS_CODE_STRING_4: *p = (txByte)XS_CODE_STRING_ARCHIVE_4; break;
		}
		p++;
		if (size > 0)
			p += size - 1;
		else if (size == 0)
			p += sizeof(txID);
		else if (size == -1) {
			txU1 length = *(txU1 *)p;
			p += 1 + length;
		} else if (size == -2) {
			txU2 length;
			mxDecode2(p, length);
			p += length;
		} else {
			txS4 length;
			mxDecode4(p, length);
			p += length;
		}
	}
}

static void print(txMachine *the, txScript *script, txID firstName)
{
	txID id;
	txSize i;

	printf("#include \"script.h\"\n\nconst char *const scriptNames[] = {\n");
	for (id = firstName; id < the->keyIndex; id++) {
		const char *c;
		putchar('"');
		for (c = fxGetKeyName(the, id); *c; c++) {
			if (*c == '"' || *c == '\\')
				putchar('\\');
			putchar(*c);
		}
		printf("\",\n");
	}
	printf("0 };\nconst int scriptNameCount = %d;\nconst int scriptFirstName = %d;\n", (int)(the->keyIndex - firstName),
		(int)firstName);
	printf("const int scriptCodeSize = %d;\nconst int8_t scriptCode[] = {", (int)script->codeSize);
	for (i = 0; i < script->codeSize; i++)
		printf("%s%d,", i % 32 ? "" : "\n", script->codeBuffer[i]);
	printf("\n};\n");
}

int main(int argc, char **argv)
{
	txCreation creation = {
		.initialChunkSize = 1024 * 1024,
		.incrementalChunkSize = 64 * 1024,
		.initialHeapCount = 16 * 1024,
		.incrementalHeapCount = 1024,
		.stackCount = 1024,
		.initialKeyCount = 4096,
		.incrementalKeyCount = 256,
		.nameModulo = 127,
		.symbolModulo = 127,
		.parserBufferSize = 1024 * 1024,
		.parserTableModulo = 127,
	};
	txMachine *the;
	txScript *script;
	txID firstName;
	int profile = argc == 3;

	if (argc < 2 || argc > 3 || (profile && strcmp(argv[2], "--profile") != 0)) {
		fprintf(stderr, "usage: symbolon-compile bundle.js [--profile]\n");
		return 64;
	}
	fxInitializeSharedCluster();
	the = fxCreateMachine(&creation, "compile", NULL, XS_NO_ID);
	/* As boards/engine/natives.c names them. */
#define NAME(name, length) fxNewNameC(the, #name);
	NATIVES(NAME)
	fxNewNameC(the, "native");
	firstName = the->keyIndex;
	script = parse(the, argv[1]);
	if (script == NULL) {
		fprintf(stderr, "%s: can't be compiled\n", argv[1]);
		return 65;
	}
	resolveNames(the, script);
	keepInPlace(script, profile);
	print(the, script, firstName);
	return 0;
}

/* The engine's hooks, which a compiler has no use for. */

void fxAbort(txMachine *the, int status)
{
	(void)the;
	fprintf(stderr, "XS aborted with status %d\n", status);
	exit(70);
}

txID fxFindModule(txMachine *the, txSlot *realm, txID moduleID, txSlot *slot)
{
	(void)the, (void)realm, (void)moduleID, (void)slot;
	return XS_NO_ID;
}

void fxLoadModule(txMachine *the, txSlot *module, txID moduleID)
{
	(void)the, (void)module, (void)moduleID;
}

void fxQueuePromiseJobs(txMachine *the)
{
	(void)the;
}
