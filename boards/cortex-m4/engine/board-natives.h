/* What scripts may call on this board alone; tools/compile.c counts the names. */
#ifndef SYMBOLON_BOARD_NATIVES_H
#define SYMBOLON_BOARD_NATIVES_H

#define BOARD_NATIVES(each) \
	each(xs_uart_open, 1) \
	each(xs_uart_write, 1) \
	each(xs_uart_close, 0)

#endif
