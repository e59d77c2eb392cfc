/* What scripts may call on this board alone. */
#ifndef SYMBOLON_BOARD_NATIVES_H
#define SYMBOLON_BOARD_NATIVES_H

#define BOARD_NATIVES(each) \
	each(xs_pty_open, 2) \
	each(xs_pty_write, 1) \
	each(xs_pty_close, 0)

#endif
