/* Modules are files, parsed when they are imported. */
#include "xsAll.h"
#include "xsScript.h"

/* host.h wants xs.h, which can't stand beside xsAll.h: the same names, seen from the inside. */
#define __XS__
#define __XSMC_H__
typedef txMachine xsMachine;
#include "host.h"
#include "modules.h"

/* The name of a module is its canonical path, so that a file is one module however it is named. */

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
