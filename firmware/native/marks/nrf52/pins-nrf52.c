/* The nRF52840's GPIO (P0.00 is 0, P1.00 is 32). It links; nobody has run it on hardware yet. */
#include "../pins/pins.h"

#include "nrf_delay.h"
#include "nrf_gpio.h"

void pinOpen(uint8_t pin)
{
	nrf_gpio_cfg_output(pin);
}

void pinWrite(uint8_t pin, int level)
{
	nrf_gpio_pin_write(pin, (uint32_t)level);
}

void pinWait(uint32_t microseconds)
{
	nrf_delay_us(microseconds);
}
