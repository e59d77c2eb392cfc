/* The entry module, and what it imports. */
#ifndef SYMBOLON_MODULES_H
#define SYMBOLON_MODULES_H

void importEntry(xsMachine *the, char *path);

#endif
