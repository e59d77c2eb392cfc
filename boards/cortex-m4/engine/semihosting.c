/* Arm semihosting, the emulator's calls (Arm, "Semihosting for AArch32 and AArch64", release 2.0). */
#include "board.h"

#include <string.h>

enum { SYS_OPEN = 0x01, SYS_WRITE = 0x05, SYS_READ = 0x06, SYS_EXIT_EXTENDED = 0x20 };
#define MODE_READ_BINARY 1
#define MODE_WRITE_BINARY 5
#define APPLICATION_EXIT 0x20026

static int call(int operation, const void *parameters)
{
	register int r0 __asm("r0") = operation;
	register const void *r1 __asm("r1") = parameters;

	__asm volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
	return r0;
}

int semihostingOpen(const char *path, int writing)
{
	const uint32_t parameters[3] = {
		(uint32_t)path, writing ? MODE_WRITE_BINARY : MODE_READ_BINARY, strlen(path)
	};
	int file = call(SYS_OPEN, parameters);

	if (file < 0)
		semihostingExit(72);
	return file;
}

/* Both calls return how many bytes are left to do. */
void semihostingWrite(int file, const void *bytes, size_t length)
{
	while (length > 0) {
		const uint32_t parameters[3] = { (uint32_t)file, (uint32_t)bytes, length };
		size_t left = (size_t)call(SYS_WRITE, parameters);

		if (left >= length)
			semihostingExit(73);
		bytes = (const uint8_t *)bytes + (length - left);
		length = left;
	}
}

void semihostingRead(int file, void *bytes, size_t length)
{
	while (length > 0) {
		const uint32_t parameters[3] = { (uint32_t)file, (uint32_t)bytes, length };
		size_t left = (size_t)call(SYS_READ, parameters);

		if (left >= length)
			semihostingExit(74);
		bytes = (uint8_t *)bytes + (length - left);
		length = left;
	}
}

void semihostingExit(int code)
{
	const uint32_t parameters[2] = { APPLICATION_EXIT, (uint32_t)code };

	for (;;)
		call(SYS_EXIT_EXTENDED, parameters);
}
