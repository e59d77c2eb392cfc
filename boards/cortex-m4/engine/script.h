/* The application, as compile.c made it of the bundle. */
#ifndef SYMBOLON_SCRIPT_H
#define SYMBOLON_SCRIPT_H

#include <stdint.h>

/* Names that the code speaks of and the engine does not know by itself; the first has the ID `firstName`. */
extern const char *const scriptNames[];
extern const int scriptNameCount;
extern const int scriptFirstName;
/* Bytecode that runs where it lies. */
extern const int8_t scriptCode[];
extern const int scriptCodeSize;

#endif
