/*
 * What XS wants to know of a Cortex-M4 without an operating system: newlib's headers, no threads, and that the host
 * allocates slots and chunks itself (memory.c) and parses nothing: scripts come compiled (script.c).
 */
#ifndef SYMBOLON_PLATFORM_H
#define SYMBOLON_PLATFORM_H

#define mxExport extern
#define mxImport extern
#define XS_FUNCTION_NORETURN __attribute__((noreturn))

#include <ctype.h>
#include <float.h>
#include <limits.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define mxUseGCCAtomics 1

#define mxUseDefaultMachinePlatform 1
#define mxUseDefaultBuildKeys 1
#define mxUseDefaultSharedChunks 1

/* Members of the machine; `host` is the Host of host.h, the others are the engine's (xsAtomics.c). */
#define mxMachinePlatform \
	void* host; \
	void* waiterCondition; \
	void* waiterData; \
	void* waiterLink;

#endif
