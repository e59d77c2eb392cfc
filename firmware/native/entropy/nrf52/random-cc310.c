/*
 * The CryptoCell 310's generator: a CTR_DRBG (SP 800-90A) that its true random source seeds, through nrf_crypto of
 * the nRF5 SDK 17. Its start-up tests are part of nrf_crypto_init. It links; nobody has run it on hardware yet.
 */
#include "../entropy.h"

#include "nrf_crypto.h"

int entropyFill(uint8_t *out, size_t length)
{
	ret_code_t error = nrf_crypto_is_initialized() ? NRF_SUCCESS : nrf_crypto_init();

	if (error == NRF_SUCCESS && length > 0)
		error = nrf_crypto_rng_vector_generate(out, length);
	return (int)error;
}
