/*
 * The board's serial line: UART 0 of the CMSDK (Arm DDI 0479, "APB UART"), where the MPS2 has it. The emulator
 * transmits at once; who paces is the script. What arrives is announced over the bridge, for the board sleeps in it.
 */
#include "host.h"

#include "board.h"
#include "uart.h"

typedef struct {
	volatile uint32_t data, state, control, interrupts, divisor;
} Uart;
#define UART0 ((Uart *)0x40004000)
enum { STATE_TRANSMIT_FULL = 1, STATE_RECEIVE_FULL = 2 };
enum { CONTROL_TRANSMIT = 1, CONTROL_RECEIVE = 2 };
/* The least that the UART takes: at 25 MHz more than anybody's speed. */
#define LEAST_DIVISOR 16

static xsSlot callback;
static int isOpen;

int uartIsOpen(void)
{
	return isOpen;
}

/* xs_uart_open(callback): the board has one line. The callback gets an ArrayBuffer of what has arrived. */
void xs_uart_open(xsMachine *the)
{
	if (isOpen)
		xsUnknownError("the board has one serial line");
	if (!xsmcIsCallable(xsArg(0)))
		xsTypeError("callback: expected a function");
	callback = xsArg(0);
	xsRemember(callback);
	isOpen = 1;
	UART0->divisor = LEAST_DIVISOR;
	UART0->control = CONTROL_TRANSMIT | CONTROL_RECEIVE;
}

/* xs_uart_write(bytes) */
void xs_uart_write(xsMachine *the)
{
	void *data;
	const uint8_t *bytes;
	xsUnsignedValue length, i;

	xsmcGetBufferReadable(xsArg(0), &data, &length);
	bytes = data;
	for (i = 0; i < length; i++) {
		while (UART0->state & STATE_TRANSMIT_FULL)
			;
		UART0->data = bytes[i];
	}
}

/* xs_uart_close() */
void xs_uart_close(xsMachine *the)
{
	if (!isOpen)
		return;
	isOpen = 0;
	UART0->control = 0;
	xsForget(callback);
}

/* A device is interrupted by each byte; here the board waits for them, and waiting is not counted. */
void receiveUart(xsMachine *the, size_t count)
{
	static uint8_t bytes[MAX_UART];
	size_t i;

	pauseInstructionCounter();
	for (i = 0; i < count && i < sizeof(bytes); i++) {
		while (!(UART0->state & STATE_RECEIVE_FULL))
			;
		bytes[i] = (uint8_t)UART0->data;
	}
	resumeInstructionCounter();
	xsBeginHost(the);
	{
		xsTry {
			xsmcVars(2);
			xsmcSetArrayBuffer(xsVar(0), bytes, (xsIntegerValue)i);
			xsVar(1) = xsAccess(callback);
			xsCallFunction1(xsVar(1), xsUndefined, xsVar(0));
		}
		xsCatch {
			endUncaught(the, "uncaught");
		}
	}
	xsEndHost(the);
}
