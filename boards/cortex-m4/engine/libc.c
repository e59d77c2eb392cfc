/* What newlib wants of a system, and the compiler of a processor that has no 64-bit atomics. */
#include "board.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

extern uint8_t heapStart[], heapEnd[];

void *_sbrk(ptrdiff_t increment)
{
	static uint8_t *end = heapStart;
	uint8_t *start = end;

	if (increment > heapEnd - end || increment < heapStart - end) {
		errno = ENOMEM;
		return (void *)-1;
	}
	end += increment;
	return start;
}

int _write(int file, const void *bytes, size_t length)
{
	sendFrame(file == 2 ? FRAME_COMPLAINT : FRAME_OUTPUT, bytes, length, NULL, 0);
	return (int)length;
}

int _fstat(int file, struct stat *status)
{
	(void)file;
	status->st_mode = S_IFCHR;
	return 0;
}

int _isatty(int file)
{
	(void)file;
	return 1;
}

/* The board has no clock that knows the date. */
int _gettimeofday(struct timeval *time, void *zone)
{
	(void)zone;
	time->tv_sec = 0;
	time->tv_usec = 0;
	return 0;
}

/* Nothing is read, sought, closed or killed here. */
static int absent(void)
{
	errno = ENOSYS;
	return -1;
}

int _read(int file, void *bytes, size_t length)
{
	(void)file, (void)bytes, (void)length;
	return absent();
}

int _lseek(int file, int offset, int whence)
{
	(void)file, (void)offset, (void)whence;
	return absent();
}

int _close(int file)
{
	(void)file;
	return absent();
}

int _kill(int process, int signal)
{
	(void)process, (void)signal;
	return absent();
}

int _getpid(void)
{
	return 1;
}

/* One core and no interrupts: what is not interrupted is atomic. */
#define ATOMIC(name, operation) \
	uint64_t name(volatile void *pointer, uint64_t value, int order) \
	{ \
		volatile uint64_t *place = pointer; \
		uint64_t former = *place; \
		(void)order; \
		*place = operation; \
		return former; \
	}
ATOMIC(__atomic_fetch_add_8, former + value)
ATOMIC(__atomic_fetch_sub_8, former - value)
ATOMIC(__atomic_fetch_and_8, former &value)
ATOMIC(__atomic_fetch_or_8, former | value)
ATOMIC(__atomic_fetch_xor_8, former ^ value)
ATOMIC(__atomic_exchange_8, value)

uint64_t __atomic_load_8(const volatile void *pointer, int order)
{
	(void)order;
	return *(const volatile uint64_t *)pointer;
}

void __atomic_store_8(volatile void *pointer, uint64_t value, int order)
{
	(void)order;
	*(volatile uint64_t *)pointer = value;
}

bool __atomic_compare_exchange_8(volatile void *pointer, void *expected, uint64_t desired, bool weak, int success,
	int failure)
{
	volatile uint64_t *place = pointer;
	uint64_t *former = expected;

	(void)weak, (void)success, (void)failure;
	if (*place != *former) {
		*former = *place;
		return false;
	}
	*place = desired;
	return true;
}
