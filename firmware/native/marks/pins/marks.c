/* XS in C: the functions of marks.ts. */
#include "pins.h"
#include "xsmc.h"

static uint8_t pins[3];
static uint8_t pinCount;

static void set(int levels)
{
	for (int i = 0; i < pinCount; i++)
		pinWrite(pins[i], levels >> i & 1);
}

/* xs_marks_open(pins) */
void xs_marks_open(xsMachine *the)
{
	void *bytes;
	xsUnsignedValue length;

	xsmcGetBufferReadable(xsArg(0), &bytes, &length);
	if (length < 1 || length > sizeof(pins))
		xsRangeError("marks: expected 1 to 3 pins, got %d", (int)length);
	for (pinCount = 0; pinCount < length; pinCount++) {
		pins[pinCount] = ((const uint8_t *)bytes)[pinCount];
		pinOpen(pins[pinCount]);
	}
	set(0);
}

/* xs_marks_play(wave) */
void xs_marks_play(xsMachine *the)
{
	void *bytes;
	xsUnsignedValue length;

	xsmcGetBufferReadable(xsArg(0), &bytes, &length);
	for (const uint8_t *step = bytes; length >= 3; step += 3, length -= 3) {
		uint32_t microseconds = (uint32_t)step[1] << 8 | step[2];

		set(step[0]);
		if (microseconds > 0)
			pinWait(microseconds);
	}
}
