/* The files of who started the emulator stand for the flash of a board. */
#include "host.h"

#include "board.h"

static int readFile(xsMachine *the)
{
	char *path = xsmcToString(xsArg(0));
	int kind;

	sendFrame(FRAME_READ, path, strlen(path), NULL, 0);
	kind = receiveReply();
	if (kind == REPLY_ERROR)
		xsUnknownError("%s", (const char *)reply);
	return kind == REPLY_DONE;
}

/* xs_file_read(path): an ArrayBuffer, or undefined when there is no such file */
void xs_file_read(xsMachine *the)
{
	if (readFile(the))
		xsmcSetArrayBuffer(xsResult, reply, (xsIntegerValue)replyLength);
}

/* xs_file_text(path): a string of UTF-8, or undefined when there is no such file */
void xs_file_text(xsMachine *the)
{
	if (readFile(the))
		xsmcSetString(xsResult, (char *)reply);
}

/* xs_file_write(folder, name, bytes): durable when it returns */
void xs_file_write(xsMachine *the)
{
	char path[512];
	void *data;
	xsUnsignedValue length;
	size_t folder;

	xsmcToStringBuffer(xsArg(0), path, sizeof(path) / 2);
	folder = strlen(path) + 1;
	xsmcToStringBuffer(xsArg(1), path + folder, sizeof(path) - folder);
	xsmcGetBufferReadable(xsArg(2), &data, &length);
	sendFrame(FRAME_WRITE, path, folder + strlen(path + folder) + 1, data, length);
	if (receiveReply() != REPLY_DONE)
		xsUnknownError("%s", (const char *)reply);
}
