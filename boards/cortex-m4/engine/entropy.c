/*
 * Random bytes of the emulated board: it has no generator, so they come from who started the emulator, who may have
 * been told a seed. For tests only: this file is linked into no image but that of boards/cortex-m4.
 */
#include "../../../firmware/native/entropy/entropy.h"

#include "board.h"

#include <string.h>

/* Bytes come some at a time, as out of the queue of a generator in hardware; each is given out once. */
static uint8_t pool[64];
static size_t left;

static int refill(void)
{
	const uint8_t count[2] = { sizeof(pool), 0 };

	sendFrame(FRAME_ENTROPY, count, sizeof(count), NULL, 0);
	if (receiveReply() != REPLY_DONE || replyLength != sizeof(pool))
		return 1;
	memcpy(pool, reply, sizeof(pool));
	memset(reply, 0, sizeof(pool));
	left = sizeof(pool);
	return 0;
}

int entropyFill(uint8_t *out, size_t length)
{
	for (; length > 0; length--) {
		if (left == 0 && refill() != 0)
			return 1;
		*out++ = pool[--left];
		pool[left] = 0;
	}
	return 0;
}
