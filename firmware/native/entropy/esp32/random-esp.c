/*
 * The ESP32's generator. It makes true random numbers while the radio is on, or while the SAR ADC feeds it; else
 * what it gives is only pseudo-random (ESP-IDF, "Random Number Generation"). The exchange needs Wi-Fi anyway, so
 * nothing is given before Wi-Fi has been started, and the SAR ADC, which others may be using, is left alone.
 *
 * Type-checks against ESP-IDF v6.0; nobody has run it on hardware yet.
 */
#include "../entropy.h"

#include <esp_random.h>
#include <esp_wifi.h>

int entropyFill(uint8_t *out, size_t length)
{
	int8_t power;
	/* Of what can be asked without changing anything, this fails unless Wi-Fi runs. */
	esp_err_t error = esp_wifi_get_max_tx_power(&power);

	if (error == ESP_OK)
		esp_fill_random(out, length);
	return (int)error;
}
