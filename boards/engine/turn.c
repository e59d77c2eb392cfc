/* What follows a callback: promise jobs, and the end when nothing caught an exception. */
#include "host.h"

void endTurn(xsMachine *the)
{
	xsBeginHost(the);
	{
		xsTry {
			runPromiseJobs(the);
		}
		xsCatch {
			endUncaught(the, "uncaught");
		}
		checkRejections(the);
	}
	xsEndHost(the);
	readComputrons(the);
}

/* "Error: message" and the frames under it; the stack of XS begins with the message. */
void endUncaught(xsMachine *the, const char *what)
{
	xsBeginHost(the);
	{
		xsTry {
			xsmcVars(1);
			xsVar(0) = xsException;
			if (xsmcTypeOf(xsVar(0)) == xsReferenceType && xsmcHas(xsVar(0), xsID("stack")))
				xsmcGet(xsVar(0), xsVar(0), xsID("stack"));
			fprintf(stderr, "%s: %s\n", what, xsmcToString(xsVar(0)));
		}
		xsCatch {
			fprintf(stderr, "%s: a value that has no text\n", what);
		}
	}
	xsEndHost(the);
	fflush(stdout);
	_exit(EXIT_UNCAUGHT);
}
