/* The bridge: two named pipes in the folder where the emulator was started. */
#include "board.h"

#include <string.h>

static int in, out;
uint8_t reply[MAX_REPLY + 1];
size_t replyLength;

void openBridge(void)
{
	out = semihostingOpen("out", 1);
	in = semihostingOpen("in", 0);
}

void sendFrame(int kind, const void *first, size_t firstLength, const void *second, size_t secondLength)
{
	size_t length = firstLength + secondLength;
	uint32_t instructions = readInstructions();
	uint8_t head[8] = { (uint8_t)kind, 0, (uint8_t)length, (uint8_t)(length >> 8) };

	if (length > 0xFFFF)
		semihostingExit(75);
	memcpy(head + 4, &instructions, 4);
	semihostingWrite(out, head, sizeof(head));
	semihostingWrite(out, first, firstLength);
	semihostingWrite(out, second, secondLength);
}

int receiveReply(void)
{
	uint8_t head[4];

	semihostingRead(in, head, sizeof(head));
	replyLength = head[2] | (size_t)head[3] << 8;
	if (replyLength > MAX_REPLY)
		semihostingExit(76);
	semihostingRead(in, reply, replyLength);
	reply[replyLength] = 0;
	return head[0];
}
