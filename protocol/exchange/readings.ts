/** The resource that takes a sensor's readings, within OSCORE: POST /r, SenML in CBOR (RFC 8428). */

/** Uri-Path. */
export const READINGS_PATH = "r";

/** Content-Format of SenML in CBOR (RFC 8428 §12.3). */
export const SENML_CBOR = 112;
