/* Memory of the two machines; see memory.h. Needs the inside of the engine. */
#include "xsAll.h"
#include "xsScript.h"

#include <malloc.h>

/* host.h wants xs.h, which can't stand beside xsAll.h: the same names, seen from the inside. */
#define __XS__
#define __XSMC_H__
typedef txMachine xsMachine;
#include "host.h"
#include "memory.h"
#include "script.h"

#define PAINT 0xA5
/* The first slot of a heap and the header of a block are the engine's own. */
#define BLOCK_HEADER 16

/* What stays of the shared machine's stack: the engine's own objects, at its top (xsAll.h, mx…StackIndex). */
#define KEPT_COUNT 160

/*
 * The application's memory. Nothing grows: what does not fit ends the application. Before there is one, its memory
 * is the stack on which the top level runs.
 */
static struct {
	txSlot slots[SLOT_COUNT];
	uint64_t chunks[(CHUNK_BYTES + BLOCK_HEADER) / sizeof(uint64_t)];
	txSlot stack[STACK_COUNT];
	txSlot kept[KEPT_COUNT];
} memory;
static uint32_t mallocBefore;

static const txCreation sharedCreation = {
	.initialChunkSize = 16 * 1024,
	.incrementalChunkSize = 4 * 1024,
	.initialHeapCount = 5 * 1024,
	.incrementalHeapCount = 256,
	.stackCount = sizeof(memory) / sizeof(txSlot),
	.initialKeyCount = 1600,
	.incrementalKeyCount = 64,
	.nameModulo = 127,
	.symbolModulo = 127,
};

static const txCreation applicationCreation = {
	.initialChunkSize = CHUNK_BYTES,
	.incrementalChunkSize = 0,
	.initialHeapCount = SLOT_COUNT,
	.incrementalHeapCount = 0,
	.stackCount = STACK_COUNT,
	.initialKeyCount = 32,
	.incrementalKeyCount = 0,
	.nameModulo = 127,
	.symbolModulo = 127,
};

/* Of the region that stands for flash; nothing of it is given back. */
static void *allocateShared(size_t size)
{
	extern uint8_t sharedStart[], sharedEnd[];
	static uint8_t *next = sharedStart;
	uint8_t *start = next;

	size = (size + 7) & ~(size_t)7;
	if (size > (size_t)(sharedEnd - next))
		return NULL;
	next += size;
	return start;
}

/* Each machine asks for its stack first, then for its heap; the shared one may ask for more. */
txSlot *fxAllocateSlots(txMachine *the, txSize count)
{
	static int asked;

	if (!the->sharedMachine)
		return the->stackBottom ? allocateShared(count * sizeof(txSlot)) : (txSlot *)&memory;
	if (asked > 1)
		return NULL;
	if (asked++)
		return memory.slots;
	memset(memory.stack, PAINT, sizeof(memory.stack));
	return memory.stack;
}

void *fxAllocateChunks(txMachine *the, txSize size)
{
	static int asked;

	if (!the->sharedMachine)
		return allocateShared((size_t)size);
	return asked++ || size > (txSize)sizeof(memory.chunks) ? NULL : memory.chunks;
}

/* Neither machine ends before the board does. */

void fxFreeSlots(txMachine *the, void *slots)
{
	(void)the, (void)slots;
}

void fxFreeChunks(txMachine *the, void *chunks)
{
	(void)the, (void)chunks;
}

xsMachine *makeShared(void)
{
	txCreation creation = sharedCreation;

	return fxCreateMachine(&creation, "shared", NULL, XS_NO_ID);
}

/* Names must have the IDs that the code was compiled with. */
static void defineNames(txMachine *the)
{
	int i;

	for (i = 0; i < scriptNameCount; i++) {
		txID id = fxNewNameX(the, (txString)scriptNames[i]);
		if (id != (txID)(scriptFirstName + i)) {
			fprintf(stderr, "name %s has ID %d, not %d\n", scriptNames[i], (int)id, scriptFirstName + i);
			fxAbort(the, XS_FATAL_CHECK_EXIT);
		}
	}
}

void runScript(txMachine *the)
{
	txScript script = { .codeBuffer = (txByte *)scriptCode, .codeSize = scriptCodeSize };

	defineNames(the);
	fxRunScript(the, &script, mxRealmGlobal(mxModuleInstanceInternal(mxProgram.value.reference)->value.module.realm),
		NULL, NULL, NULL, mxProgram.value.reference);
	mxPop();
}

/* A value in the shared machine is no chunk of the application's: the X kinds tell its garbage collector. */
static void fix(txSlot *slot)
{
	if (slot->kind == XS_STRING_KIND)
		slot->kind = XS_STRING_X_KIND;
	else if (slot->kind == XS_BIGINT_KIND)
		slot->kind = XS_BIGINT_X_KIND;
}

static void freeze(txSlot *property)
{
	property->flag |= XS_DONT_DELETE_FLAG;
	if (property->kind != XS_ACCESSOR_KIND)
		property->flag |= XS_DONT_SET_FLAG;
}

/*
 * Freezes what lies in flash on a device. What could change would need a place in the table of aliases of every
 * clone; a script that changes what its top level made gets a TypeError.
 */
static void freezeAll(txMachine *the)
{
	txSlot *heap, *slot, *property;

	for (heap = the->firstHeap; heap; heap = heap->next) {
		for (slot = heap + 1; slot < heap->value.reference; slot++) {
			fix(slot);
			if (slot->kind == XS_CLOSURE_KIND && slot->value.closure)
				slot->value.closure->flag |= XS_DONT_SET_FLAG | XS_DONT_DELETE_FLAG;
			if (slot->kind != XS_INSTANCE_KIND)
				continue;
			slot->flag |= XS_DONT_PATCH_FLAG;
			for (property = slot->next; property; property = property->next) {
				freeze(property);
				if (property->kind == XS_ARRAY_KIND) {
					txSlot *item = property->value.array.address;
					txIndex length = fxGetIndexSize(the, property);
					for (; length > 0; length--, item++) {
						fix(item);
						freeze(item);
					}
				}
			}
		}
	}
}

void share(txMachine *the)
{
	fxCollectGarbage(the);
	freezeAll(the);
	fxShareMachine(the);
	if (the->stackTop - the->stack > KEPT_COUNT) {
		fprintf(stderr, "the shared machine keeps %d slots of its stack\n", (int)(the->stackTop - the->stack));
		fxAbort(the, XS_FATAL_CHECK_EXIT);
	}
}

xsMachine *makeApplication(txMachine *shared)
{
	txCreation creation = applicationCreation;

	mallocBefore = mallinfo().uordblks;
	return fxCloneMachine(&creation, shared, "symbolon", NULL);
}

/* More than any frame leaves untouched within itself. */
#define CLEAN 256

/*
 * How much of the stack was in use at once, seen from its top. Regular expressions and dtoa have their scratch at its
 * other end: what was never touched lies between.
 */
static uint32_t stackPeak(void)
{
	const uint8_t *bottom = (const uint8_t *)memory.stack, *top = (const uint8_t *)memory.kept, *next = top;
	uint32_t clean = 0;

	while (next > bottom && clean < CLEAN)
		clean = *--next == PAINT ? clean + 1 : 0;
	return (uint32_t)(top - next) - clean;
}

void readMemoryFigures(txMachine *the, MemoryFigures *figures)
{
	figures->slotsReserved = sizeof(memory.slots);
	figures->slotsPeak = (uint32_t)(the->peakHeapCount * sizeof(txSlot));
	figures->chunksReserved = sizeof(memory.chunks);
	figures->chunksPeak = (uint32_t)the->peakChunksSize;
	figures->stackReserved = sizeof(memory.stack);
	figures->stackPeak = stackPeak();
	figures->tables = (uint32_t)mallinfo().uordblks - mallocBefore;
	figures->sharedSlots = (uint32_t)(the->sharedMachine->currentHeapCount * sizeof(txSlot));
	figures->sharedChunks = (uint32_t)the->sharedMachine->currentChunksSize;
}

/* Nothing is imported and nothing is parsed on the board. */

txID fxFindModule(txMachine *the, txSlot *realm, txID moduleID, txSlot *slot)
{
	(void)the, (void)realm, (void)moduleID, (void)slot;
	return XS_NO_ID;
}

void fxLoadModule(txMachine *the, txSlot *module, txID moduleID)
{
	(void)the, (void)module, (void)moduleID;
}

txScript *fxParseScript(txMachine *the, void *stream, txGetter getter, txUnsigned flags)
{
	(void)the, (void)stream, (void)getter, (void)flags;
	return NULL;
}
