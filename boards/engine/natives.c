/*
 * `native(name)`: the C function of that name. On devices xsc and xsl link these names; here the functions hang on
 * the function `native` itself.
 */
#include "host.h"
#include "natives.h"

#define DECLARE(name, length) void name(xsMachine *the);
NATIVES(DECLARE)

static const struct {
	const char *name;
	xsCallback callback;
	int length;
} natives[] = {
#define ENTRY(name, length) { #name, name, length },
	NATIVES(ENTRY)
};

static void native(xsMachine *the)
{
	xsmcGetAt(xsResult, xsFunction, xsArg(0));
	if (xsmcTypeOf(xsResult) != xsReferenceType)
		xsTypeError("native: this board has no %s", xsmcToString(xsArg(0)));
}

void defineNatives(xsMachine *the)
{
	size_t i;

	xsmcVars(2);
	xsVar(0) = xsNewHostFunction(native, 1);
	for (i = 0; i < sizeof(natives) / sizeof(natives[0]); i++) {
		xsVar(1) = xsNewHostFunction(natives[i].callback, natives[i].length);
		xsmcDefine(xsVar(0), xsID(natives[i].name), xsVar(1), xsDefault);
	}
	xsmcDefine(xsGlobal, xsID("native"), xsVar(0), xsDefault);
}
