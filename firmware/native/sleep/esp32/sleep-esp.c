/*
 * XS in C: the functions of sleep.ts on an ESP32 (ESP-IDF, "Sleep Modes"). The RTC timer wakes it; RAM is lost.
 * Type-checks against ESP-IDF v6.0; nobody has run it on hardware yet.
 */
#include "xsmc.h"
#include "xsHost.h"

#include <esp_sleep.h>
#include <esp_wifi.h>

/* xs_sleep_esp_deep(milliseconds) */
void xs_sleep_esp_deep(xsMachine *the)
{
	uint64_t milliseconds = (uint64_t)xsmcToNumber(xsArg(0));

	/* Deep sleep does not stop the radio in an orderly way; without Wi-Fi this fails, which is as good. */
	esp_wifi_stop();
	esp_deep_sleep(milliseconds * 1000);
}

/* xs_sleep_esp_has_slept() */
void xs_sleep_esp_has_slept(xsMachine *the)
{
	xsmcSetBoolean(xsResult, (esp_sleep_get_wakeup_causes() & (1u << ESP_SLEEP_WAKEUP_TIMER)) != 0);
}

/* xs_sleep_esp_wifi() */
void xs_sleep_esp_wifi(xsMachine *the)
{
	esp_err_t error = esp_wifi_set_ps(WIFI_PS_MIN_MODEM);

	if (error != ESP_OK)
		xsUnknownError("Wi-Fi: power save failed with error %d", (int)error);
}
