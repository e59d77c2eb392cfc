/* XS in C: the functions of environment.ts. */
#include "xsmc.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* xs_environment(name): a string, or undefined */
void xs_environment(xsMachine *the)
{
	const char *value = getenv(xsmcToString(xsArg(0)));

	if (value != NULL)
		xsmcSetString(xsResult, (char *)value);
}

/* xs_end(code): ends the process that runs the simulation */
void xs_end(xsMachine *the)
{
	int code = xsmcToInteger(xsArg(0));

	fflush(stdout);
	_exit(code);
}
