/* Output pins of the platform, and waiting. */
#ifndef SYMBOLON_PINS_H
#define SYMBOLON_PINS_H

#include <stdint.h>

void pinOpen(uint8_t pin);
void pinWrite(uint8_t pin, int level);
/* Waits so long at least, computing: interrupts lengthen it. */
void pinWait(uint32_t microseconds);

#endif
