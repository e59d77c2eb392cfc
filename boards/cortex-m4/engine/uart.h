#ifndef SYMBOLON_UART_H
#define SYMBOLON_UART_H

/* What the board takes at once, in bytes. */
#define MAX_UART 256

int uartIsOpen(void);
/* Takes as many bytes and hands them to the script. */
void receiveUart(xsMachine *the, size_t count);

#endif
