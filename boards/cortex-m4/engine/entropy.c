/*
 * Random bytes of the emulated board: it has no generator, so they come from who started the emulator, who may have
 * been told a seed. For tests only: this file is linked into no image but that of boards/cortex-m4.
 */
#include "../../../firmware/native/entropy/entropy.h"

#include "board.h"

#include <string.h>

int entropyFill(uint8_t *out, size_t length)
{
	uint8_t count[2] = { (uint8_t)length, (uint8_t)(length >> 8) };

	if (length > MAX_REPLY)
		return 1;
	sendFrame(FRAME_ENTROPY, count, sizeof(count), NULL, 0);
	if (receiveReply() != REPLY_DONE || replyLength != length)
		return 1;
	memcpy(out, reply, length);
	return 0;
}
