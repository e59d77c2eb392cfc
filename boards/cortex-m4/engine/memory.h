/*
 * Two machines, as on a device that the Moddable SDK has built: one with what never changes (the engine's own
 * objects and the application's, after its top level has run), which the SDK's linker puts to flash; and its clone,
 * in which the application runs. Here the first is made at boot, in memory of its own.
 */
#ifndef SYMBOLON_MEMORY_H
#define SYMBOLON_MEMORY_H

#include <stdint.h>

/* What the application has to live with: one exchange, unless build.ts says that it does more. */
#ifndef SLOT_COUNT
#define SLOT_COUNT 820
#define CHUNK_BYTES 4352
#define STACK_COUNT 384
#endif

xsMachine *makeShared(void);
/* Runs the top level of the application. Throws what it throws. */
void runScript(xsMachine *the);
/* From here on nothing in the machine can change. */
void share(xsMachine *the);
xsMachine *makeApplication(xsMachine *shared);

/* From here on the peak of its stack is that of what comes: regular expressions and dtoa write all over what is free. */
void repaintStack(xsMachine *application);

/* All in bytes. */
typedef struct {
	uint32_t slotsReserved, slotsPeak;
	uint32_t chunksReserved, chunksPeak;
	uint32_t stackReserved, stackPeak;
	uint32_t tables; /* the machine itself, its tables of names and aliases, timers: what it took of malloc */
	uint32_t sharedSlots, sharedChunks;
} MemoryFigures;

void readMemoryFigures(xsMachine *the, MemoryFigures *figures);

#endif
