/*
 * `native(name)`: the C function of that name. On devices xsc and xsl link these names; here the functions hang on
 * the function `native` itself. Computrons depend on this list: a new entry goes to its end.
 */
#include "host.h"

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
	each(xs_heap_restart, 0)

#define DECLARE(name, length) void name(xsMachine *the);
NATIVES(DECLARE)

static const struct {
	const char *name;
	xsCallback callback;
	int length;
} natives[] = {
#define ENTRY(name, length) { #name, name, length },
	NATIVES(ENTRY)
};

static void native(xsMachine *the)
{
	xsmcGetAt(xsResult, xsFunction, xsArg(0));
	if (xsmcTypeOf(xsResult) != xsReferenceType)
		xsTypeError("native: this board has no %s", xsmcToString(xsArg(0)));
}

void defineNatives(xsMachine *the)
{
	size_t i;

	xsmcVars(2);
	xsVar(0) = xsNewHostFunction(native, 1);
	for (i = 0; i < sizeof(natives) / sizeof(natives[0]); i++) {
		xsVar(1) = xsNewHostFunction(natives[i].callback, natives[i].length);
		xsmcDefine(xsVar(0), xsID(natives[i].name), xsVar(1), xsDefault);
	}
	xsmcDefine(xsGlobal, xsID("native"), xsVar(0), xsDefault);
}
