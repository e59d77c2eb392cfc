/* Reset, faults, and the timer that counts instructions. */
#include "board.h"

extern uint32_t cStackBottom[], cStackTop[], dataStart[], dataEnd[], dataLoad[], bssStart[], bssEnd[];
int main(void);

#define PAINT 0xA5A5A5A5u

/* CMSDK APB timer 0: 25 MHz, counts down (Arm DDI 0479). Under `-icount shift=6` an instruction takes 64 ns. */
#define TIMER_CTRL (*(volatile uint32_t *)0x40000000)
#define TIMER_VALUE (*(volatile uint32_t *)0x40000004)
#define TIMER_RELOAD (*(volatile uint32_t *)0x40000008)
#define TICK_NS 40
#define INSTRUCTION_NS 64

/* Coprocessor access (Armv7-M, B3.2.20): the floating-point unit is off after reset. */
#define CPACR (*(volatile uint32_t *)0xE000ED88)

/* Up to this function's own frame, some words left free. */
void __attribute__((noinline)) repaintCStack(void)
{
	uint32_t *to;

	for (to = cStackBottom; to < (uint32_t *)__builtin_frame_address(0) - 16; to++)
		*to = PAINT;
}

void __attribute__((noreturn)) resetHandler(void)
{
	uint32_t *to, *from;

	repaintCStack();
	CPACR |= 0xFu << 20;
	__asm volatile("dsb\n\tisb");
	for (to = dataStart, from = dataLoad; to < dataEnd; to++, from++)
		*to = *from;
	for (to = bssStart; to < bssEnd; to++)
		*to = 0;
	startInstructionCounter();
	semihostingExit(main());
}

static void __attribute__((noreturn)) fault(void)
{
	semihostingExit(71);
}

__attribute__((section(".vectors"), used)) static const void *const vectors[16] = {
	cStackTop, resetHandler, fault, fault, fault, fault, fault, 0, 0, 0, 0, fault, fault, 0, fault, fault,
};

/* Pauses under way, one inside the other; when the first began; and what those before it took. */
static uint32_t pauses, pausedAt, excluded;

void startInstructionCounter(void)
{
	TIMER_CTRL = 0;
	TIMER_RELOAD = 0xFFFFFFFFu;
	TIMER_VALUE = 0xFFFFFFFFu;
	TIMER_CTRL = 1;
}

/* Instructions since the start, those of pauses too. The timer counts the tick that has begun: rounding down is exact. */
static uint32_t readTimer(void)
{
	return (uint32_t)((uint64_t)(0xFFFFFFFFu - TIMER_VALUE) * TICK_NS / INSTRUCTION_NS);
}

/* The timer runs on, for it forgets the part of a tick when it is stopped. */
void pauseInstructionCounter(void)
{
	if (pauses++ == 0)
		pausedAt = readTimer();
}

void resumeInstructionCounter(void)
{
	if (--pauses == 0)
		excluded += readTimer() - pausedAt;
}

uint32_t readInstructions(void)
{
	return (pauses > 0 ? pausedAt : readTimer()) - excluded;
}

static uint32_t notedPeak;

uint32_t cStackPeak(void)
{
	const uint32_t *lowest = cStackBottom;
	uint32_t peak;

	while (lowest < cStackTop && *lowest == PAINT)
		lowest++;
	peak = (uint32_t)((const uint8_t *)cStackTop - (const uint8_t *)lowest);
	return peak > notedPeak ? peak : notedPeak;
}

void noteCStackPeak(void)
{
	notedPeak = cStackPeak();
}

uint32_t cStackReserved(void)
{
	return (uint32_t)((const uint8_t *)cStackTop - (const uint8_t *)cStackBottom);
}
