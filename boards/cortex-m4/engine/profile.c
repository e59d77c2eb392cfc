/*
 * Where the instructions go, by function: only in the image that `npm run bench` builds for this. The engine tells of
 * every call and return; a record of each goes to memory that no nRF52840 has, and at the end to who started the
 * emulator. The counter stands still while records are made.
 */
#ifdef SYMBOLON_PROFILE

#include "xsAll.h"

#include "board.h"

/* The 16 MB of pseudo-static RAM of the MPS2 board. */
#define RECORDS ((Record *)0x21000000)
#define MAX_RECORDS (16 * 1024 * 1024 / sizeof(Record))

/* Codes of functions whose name is told; two that share a place may be told twice. */
#define NAMED ((uint32_t *)0x20300000)
#define MAX_NAMED 65536

/* `code` is where the function's code lies, in C or in flash; 0 is a return. */
typedef struct {
	uint32_t code;
	uint32_t frame;
	uint32_t instructions;
} Record;

static uint32_t count;
static int recording;

static void record(uint32_t code, uint32_t frame)
{
	uint32_t instructions;

	if (!recording)
		return;
	pauseInstructionCounter();
	instructions = readInstructions();
	if (count < MAX_RECORDS)
		RECORDS[count++] = (Record){ code, frame, instructions };
	resumeInstructionCounter();
}

/* Tells the name of a function of the script, the first time that it is called. */
static void tellName(txMachine *the, txSlot *function, uint32_t code)
{
	uint32_t *place = NAMED + code / 2 % MAX_NAMED;
	txSlot *name;

	if (!recording || *place == code)
		return;
	*place = code;
	pauseInstructionCounter();
	name = mxBehaviorGetProperty(the, function->value.reference, mxID(_name), 0, XS_ANY);
	if (name && mxIsStringPrimitive(name))
		sendFrame(FRAME_NAME, &code, sizeof(code), name->value.string, strlen(name->value.string));
	resumeInstructionCounter();
}

void profileCall(txMachine *the, txSlot *function)
{
	txSlot *code = function->value.reference->next;

	if (code->kind == XS_CALLBACK_KIND || code->kind == XS_CALLBACK_X_KIND)
		record((uint32_t)code->value.callback.address, (uint32_t)function);
	else {
		tellName(the, function, (uint32_t)code->value.code.address);
		record((uint32_t)code->value.code.address, (uint32_t)function);
	}
}

void profileReturn(txMachine *the, txSlot *function)
{
	(void)the;
	record(0, (uint32_t)function);
}

void profileStart(void)
{
	recording = 1;
}

void profileSend(void)
{
	uint32_t done, part;

	recording = 0;
	for (done = 0; done < count; done += part) {
		part = count - done < 4096 ? count - done : 4096;
		sendFrame(FRAME_PROFILE, RECORDS + done, part * sizeof(Record), NULL, 0);
	}
}

#endif
