/* The emulated board: its counter of instructions, its memory, and the bridge to who started the emulator. */
#ifndef SYMBOLON_BOARD_H
#define SYMBOLON_BOARD_H

#include <stddef.h>
#include <stdint.h>

/* startup.c */
void startInstructionCounter(void);
/* Instructions since then, exactly. Wraps after 2.6 milliards. */
uint32_t readInstructions(void);
void pauseInstructionCounter(void);
void resumeInstructionCounter(void);
/* What comes between the two is left out of the peak; the first call of the second begins. */
void noteCStackPeak(void);
void repaintCStack(void);
uint32_t cStackPeak(void);
uint32_t cStackReserved(void);

/* semihosting.c: the emulator's calls. A failure ends the emulation. */
int semihostingOpen(const char *path, int writing);
void semihostingWrite(int file, const void *bytes, size_t length);
void semihostingRead(int file, void *bytes, size_t length);
void semihostingExit(int code) __attribute__((noreturn));

/*
 * bridge.c: frames to the emulator's parent and back, in step: the board does nothing while it waits. A frame is
 * kind (1 byte), 0, length of the contents (2 bytes), instructions so far (4 bytes), contents; a reply has kind, 0
 * and length. Numbers are little-endian.
 */
enum {
	FRAME_ARGUMENTS = 'a', /* -> arguments with a 0 behind each */
	FRAME_OUTPUT = 'p', /* bytes for standard output */
	FRAME_COMPLAINT = 'e', /* bytes for standard error */
	FRAME_ENTROPY = 'r', /* number of bytes (2) -> bytes */
	FRAME_READ = 'f', /* path -> contents */
	FRAME_WRITE = 'w', /* folder 0 name 0 contents -> nothing */
	FRAME_OPEN = 'o', /* port (2), socket (1), address as text -> nothing */
	FRAME_SEND = 's', /* port (2), socket (1), length of the address (1), address as text, datagram */
	FRAME_CLOSE = 'c', /* socket (1) */
	FRAME_IDLE = 'i', /* milliseconds until the next timer (double), negative: none -> time, or a datagram */
	FRAME_MEASURE = 'm', /* what is counted is counted from here */
	FRAME_NAME = 'n', /* address of code (4), name: profile.c */
	FRAME_PROFILE = 't', /* records of profile.c */
	FRAME_EXIT = 'x', /* code and figures, see main.c */
};
enum {
	REPLY_DONE = 'D',
	REPLY_NONE = 'N', /* there is no such file */
	REPLY_ERROR = 'E', /* text */
	REPLY_TIME = 'T', /* now in milliseconds (double) */
	REPLY_DATAGRAM = 'G', /* now (double), then as FRAME_SEND */
	REPLY_SERIAL = 'U', /* now (double), how many bytes are on their way to the UART (2) */
};

/* profile.c: only with SYMBOLON_PROFILE */
void profileStart(void);
void profileSend(void);

void openBridge(void);
void sendFrame(int kind, const void *first, size_t firstLength, const void *second, size_t secondLength);
/* Waits for a reply, whose contents stand in `reply` until the next frame, with a 0 behind them. */
int receiveReply(void);
extern uint8_t reply[];
extern size_t replyLength;

#define MAX_REPLY 4096

#endif
