/* The ESP32's GPIO. Type-checks against ESP-IDF v6.0; nobody has run it on hardware yet. */
#include "../pins/pins.h"

#include <driver/gpio.h>
#include <esp_rom_sys.h>

void pinOpen(uint8_t pin)
{
	gpio_reset_pin(pin);
	gpio_set_direction(pin, GPIO_MODE_OUTPUT);
}

void pinWrite(uint8_t pin, int level)
{
	gpio_set_level(pin, (uint32_t)level);
}

void pinWait(uint32_t microseconds)
{
	esp_rom_delay_us(microseconds);
}
