/*
 * Every C function that scripts may call, with its number of parameters. One list for all boards that start the
 * engine themselves, since computrons and the IDs of names depend on it: a new entry goes to its end. Behind
 * it comes what only one board has, from its board-natives.h.
 */
#ifndef SYMBOLON_NATIVES_H
#define SYMBOLON_NATIVES_H

#if __has_include("board-natives.h")
#include "board-natives.h"
#endif
#ifndef BOARD_NATIVES
#define BOARD_NATIVES(each)
#endif

#define NATIVES(each) \
	each(xs_sha1, 2) \
	each(xs_sha256, 2) \
	each(xs_hmac_sha1, 3) \
	each(xs_hmac_sha256, 3) \
	each(xs_prf_sha1, 3) \
	each(xs_prf_sha256, 3) \
	each(xs_ccm_seal, 5) \
	each(xs_ccm_open, 5) \
	each(xs_aes_ctr, 4) \
	each(xs_entropy, 1) \
	each(xs_clock_now, 0) \
	each(xs_timer_set, 2) \
	each(xs_timer_clear, 1) \
	each(xs_udp_open, 3) \
	each(xs_udp_send, 4) \
	each(xs_udp_close, 1) \
	each(xs_file_read, 1) \
	each(xs_file_write, 3) \
	each(xs_arguments, 0) \
	each(xs_exit, 1) \
	each(xs_print, 1) \
	each(xs_report, 1) \
	each(xs_engine, 0) \
	each(xs_computrons, 0) \
	each(xs_heap_slots, 0) \
	each(xs_heap_chunks, 0) \
	each(xs_file_text, 1) \
	each(xs_heap_restart, 0) \
	each(xs_bytes_concat, 0) \
	each(xs_bytes_equal, 2) \
	each(xs_bytes_wipe, 0) \
	each(xs_bytes_to_hex, 1) \
	each(xs_bytes_from_hex, 1) \
	each(xs_bytes_ascii, 1) \
	each(xs_bytes_read_uint, 3) \
	each(xs_bytes_write_uint, 4) \
	each(xs_bytes_uint, 2) \
	each(xs_field_multiply, 2) \
	each(xs_field_add_scaled, 3) \
	each(xs_tell, 1) \
	each(xs_exchange_session, 8) \
	each(xs_exchange_open_messages, 4) \
	each(xs_exchange_seal, 3) \
	each(xs_exchange_share_verification, 5) \
	each(xs_exchange_confirmation, 3) \
	each(xs_exchange_keys, 4) \
	each(xs_exchange_step_psks, 1) \
	each(xs_coap_decode, 4) \
	each(xs_coap_join, 6) \
	each(xs_coap_encode_empty, 2) \
	each(xs_coap_encode_reset, 1) \
	BOARD_NATIVES(each)

#endif
