/* The board from reset to exit. */
#include "host.h"

#include "board.h"
#include "memory.h"

#define MAX_ARGUMENTS 8

static xsMachine *application;

/* Code, then figures in the order in which launch expects them: emulator.ts. */
void _exit(int code)
{
	struct {
		int32_t code;
		uint32_t instructions; /* before the figures are read, which takes some itself */
		uint32_t cStackReserved, cStackPeak;
		MemoryFigures memory;
	} ending = { .code = code, .instructions = readInstructions() };

#ifdef SYMBOLON_PROFILE
	profileSend();
#endif
	ending.cStackReserved = cStackReserved();
	ending.cStackPeak = cStackPeak();
	if (application)
		readMemoryFigures(application, &ending.memory);
	sendFrame(FRAME_EXIT, &ending, sizeof(ending), NULL, 0);
	semihostingExit(code);
}

void measureFromHere(void)
{
	sendFrame(FRAME_MEASURE, NULL, 0, NULL, 0);
#ifdef SYMBOLON_PROFILE
	profileStart();
#endif
}

void pauseMeasurement(void)
{
	pauseInstructionCounter();
	noteCStackPeak();
}

void resumeMeasurement(void)
{
	repaintCStack();
	resumeInstructionCounter();
}

static void readArguments(Host *host)
{
	static char text[1024];
	static char *arguments[MAX_ARGUMENTS];
	char *next = text;

	sendFrame(FRAME_ARGUMENTS, NULL, 0, NULL, 0);
	receiveReply();
	if (replyLength > sizeof(text))
		_exit(EXIT_USAGE);
	memcpy(text, reply, replyLength);
	while (next < text + replyLength && host->argumentCount < MAX_ARGUMENTS) {
		arguments[host->argumentCount++] = next;
		next += strlen(next) + 1;
	}
	host->arguments = arguments;
}

int main(void)
{
	static Host host;
	static char output[512], complaint[256];
	xsMachine *the;

	/* A line is one frame. */
	setvbuf(stdout, output, _IOFBF, sizeof(output));
	setvbuf(stderr, complaint, _IOLBF, sizeof(complaint));
	openBridge();
	readArguments(&host);
	fxInitializeSharedCluster();
	the = makeShared();
	setHost(the, &host);
	xsBeginHost(the);
	{
		xsTry {
			defineNatives(the);
			runScript(the);
		}
		xsCatch {
			endUncaught(the, "uncaught");
		}
	}
	xsEndHost(the);
	share(the);
	/* Here a device starts. */
	repaintCStack();

	the = application = makeApplication(the);
	setHost(the, &host);
	xsBeginHost(the);
	{
		xsTry {
			xsmcVars(1);
			xsmcGet(xsVar(0), xsGlobal, xsID("start"));
			xsCallFunction0(xsVar(0), xsUndefined);
		}
		xsCatch {
			endUncaught(the, "uncaught");
		}
	}
	xsEndHost(the);
	runLoop(the);
	_exit(0);
}
