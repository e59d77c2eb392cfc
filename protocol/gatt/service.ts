/** What a CoAP-over-GATT device offers (draft-ietf-core-coap-over-gatt-00 §3.2). */

export const SERVICE_UUID = "8df804b7-3300-496d-9dfa-f8fb40a236bc";
/** The GATT client writes here. */
export const DOWNSTREAM_UUID = "8bf52767-5625-43ca-a678-70883a366866";
/** The GATT server notifies and indicates here. */
export const UPSTREAM_UUID = "ab3720c8-7fc0-41f8-aa2a-9a45c2c01a4b";

/** The longest attribute value, in bytes (Bluetooth Core, Vol 3 Part F §3.2.9). */
export const MAX_VALUE = 512;
