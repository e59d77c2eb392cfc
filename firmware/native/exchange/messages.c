#include "messages.h"

#include <string.h>

#include "../aead/aead.h"
#include "../shares/field.h"

/* protocol/mikey/numbers.ts */
enum { VERSION = 1, PRE_SHARED_KEY = 0, VERIFICATION = 1, EMPTY_MAP = 1, COUNTER = 2 };
enum { PAYLOAD_LAST = 0, PAYLOAD_KEMAC = 1, PAYLOAD_T = 5, PAYLOAD_V = 9, PAYLOAD_RAND = 11, PAYLOAD_IDR = 14,
	PAYLOAD_RANDR = 15, PAYLOAD_EXTENSION = 21 };
enum { ROLE_INITIATOR = 1, ROLE_RESPONDER = 2, ROLE_THIRD_PARTY = 240 };
enum { EXTENSION_SHARE = 241, EXTENSION_CONFIRMATION = 242, EXTENSION_SENDER_ID = 245 };
enum { AES_CM_128 = 1, AES_CCM_128 = 241 };
enum { HMAC_SHA1 = 1, HMAC_SHA256 = 2, CCM_TAG_16 = 241, CCM_TAG_8 = 242, HMAC_SHA256_8 = 243 };
/* protocol/mikey/keys.ts */
#define SESSION_TEK 0x2ad01c64
#define SESSION_AUTHENTICATION 0x1b5c7973
#define SESSION_SALT 0x39a2c14b
#define MESSAGE_ENCRYPTION 0x150533e1
#define MESSAGE_AUTHENTICATION 0x2d22ac75
#define MESSAGE_SALT 0x29b88916
#define MESSAGE_CS_ID 0xff
/* protocol/exchange/profile.ts */
#define PROFILE 0x11
#define DERIVED_SHARE 427466391
#define CHECK_VALUE 8
#define CHANNEL_CS_ID 1
#define LONGEST_SENDER_ID 7
#define RESPONDER_SENDER_ID 2

#define TIMESTAMP 4
#define SUITE 4
#define SHARING 4 /* profile, k, t, n */
#define AES_KEY 16
#define CCM_NONCE 13
#define CM_SALT 14
#define AES_BLOCK 16
#define LABEL (4 + 1 + CSB_ID + RAND)
/* Key data before the share: Next payload, Type and KV, length. */
#define KEY_DATA (4 + SHARE)

static size_t macLength(uint8_t algorithm)
{
	switch (algorithm) {
	case HMAC_SHA1: return 20;
	case HMAC_SHA256: return 32;
	case CCM_TAG_16: return 16;
	default: return 8;
	}
}

Identity identityOf(uint8_t type, Bytes data)
{
	return (Identity){ { type, (uint8_t)(data.length >> 8), (uint8_t)data.length }, data };
}

/* ID type, length, data at the beginning of `rest`, which goes on behind them. */
static int readIdentity(Identity *identity, Bytes *rest)
{
	size_t length;

	if (rest->length < sizeof(identity->head))
		return 0;
	length = (size_t)rest->data[1] << 8 | rest->data[2];
	if (rest->length < sizeof(identity->head) + length)
		return 0;
	*identity = identityOf(rest->data[0], (Bytes){ rest->data + sizeof(identity->head), length });
	rest->data += sizeof(identity->head) + length;
	rest->length -= sizeof(identity->head) + length;
	return 1;
}

static int isSuite(const Session *session)
{
	if (session->prf > 1 || (session->prf == 0) != (session->verification == HMAC_SHA1))
		return 0;
	if (session->encryption == AES_CCM_128)
		return session->prf == 1 && (session->mac == CCM_TAG_16 || session->mac == CCM_TAG_8);
	return session->encryption == AES_CM_128 && session->mac == (session->prf ? HMAC_SHA256 : HMAC_SHA1);
}

int readSession(Session *session, const uint8_t *bytes, size_t length)
{
	Bytes rest = { bytes + SUITE + SHARING, length - SUITE - SHARING };

	if (length < SUITE + SHARING)
		return 0;
	session->prf = bytes[0];
	session->encryption = bytes[1];
	session->mac = bytes[2];
	session->verification = bytes[3];
	session->hash = session->prf ? &sha256 : &sha1;
	session->agreed = (Bytes){ bytes + SUITE, length - SUITE };
	session->threshold = bytes[SUITE + 1];
	session->privacy = bytes[SUITE + 2];
	session->shares = bytes[SUITE + 3];
	if (!readIdentity(&session->sensor, &rest) || !readIdentity(&session->responder, &rest))
		return 0;
	session->timestamp = rest.data;
	session->csbId = rest.data + TIMESTAMP;
	session->rand = rest.data + TIMESTAMP + CSB_ID;
	return rest.length == TIMESTAMP + CSB_ID + RAND && isSuite(session) &&
		session->privacy < session->threshold && session->threshold <= session->shares;
}

static uint8_t *put(uint8_t *to, const void *bytes, size_t length)
{
	memcpy(to, bytes, length);
	return to + length;
}

static uint8_t *putIdentity(uint8_t *to, const Identity *identity)
{
	return put(put(to, identity->head, sizeof(identity->head)), identity->data.data, identity->data.length);
}

static uint8_t *putNumber(uint8_t *to, uint32_t number)
{
	uint8_t bytes[4] = { (uint8_t)(number >> 24), (uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)number };

	return put(to, bytes, sizeof(bytes));
}

size_t sessionLength(size_t sensorLength, size_t responderLength)
{
	return SUITE + SHARING + 3 + sensorLength + 3 + responderLength + TIMESTAMP + CSB_ID + RAND;
}

void createSession(uint32_t suite, uint32_t sharing, const Identity *sensor, const Identity *responder, uint32_t t,
	const uint8_t nonce[NONCE], uint8_t *bytes)
{
	static const char name[] = "symbolon-rand";
	uint8_t *timestamp = putIdentity(putIdentity(putNumber(putNumber(bytes, suite),
		(uint32_t)PROFILE << 24 | sharing), sensor), responder);
	uint8_t *rand = put(putNumber(timestamp, t), nonce, CSB_ID), digest[HASH_MAX_DIGEST];
	Hash hash;

	hashBegin(&hash, &sha256);
	hashAdd(&hash, (const uint8_t *)name, sizeof(name) - 1);
	hashAdd(&hash, sensor->head, sizeof(sensor->head));
	hashAdd(&hash, sensor->data.data, sensor->data.length);
	hashAdd(&hash, nonce, NONCE);
	hashAdd(&hash, timestamp, TIMESTAMP);
	hashEnd(&hash, digest);
	put(rand, digest, RAND);
}

/* Keys (RFC 3830 §4.1.3, §4.1.4). */

static void makeLabel(const Session *session, uint32_t constant, uint8_t csId, uint8_t label[LABEL])
{
	put(put(put(putNumber(label, constant), &csId, 1), session->csbId, CSB_ID), session->rand, RAND);
}

static void derive(const Session *session, Bytes key, uint32_t constant, uint8_t csId, uint8_t *out, size_t length)
{
	uint8_t label[LABEL];

	makeLabel(session, constant, csId, label);
	mikeyPrf(session->hash, key.data, key.length, label, sizeof(label), out, length);
}

/* The same for keys of messages from a PSK, whose pads are hashed once for all of them. */
static void deriveKeyed(const Session *session, const HmacKey *psk, uint32_t constant, uint8_t *out, size_t length)
{
	uint8_t label[LABEL];

	makeLabel(session, constant, MESSAGE_CS_ID, label);
	mikeyPrfKeyed(psk, label, sizeof(label), out, length);
}

void channelKeys(const Session *session, Bytes tgk, uint8_t tek[TEK], uint8_t salt[SALT])
{
	derive(session, tgk, SESSION_TEK, CHANNEL_CS_ID, tek, TEK);
	derive(session, tgk, SESSION_SALT, CHANNEL_CS_ID, salt, SALT);
}

/* The t derived shares stand `step` bytes apart. */
static void checkValue(const Session *session, Bytes tgk, const uint8_t *derived, size_t step,
	uint8_t value[CHECK_VALUE])
{
	static const char name[] = "symbolon-cv";
	uint8_t bytes[HASH_MAX_DIGEST];
	HmacKey key;
	Hash hash;
	size_t i;

	derive(session, tgk, SESSION_AUTHENTICATION, 0, bytes, sizeof(bytes));
	hmacKey(&key, &sha256, bytes, sizeof(bytes));
	hmacBegin(&hash, &key);
	hashAdd(&hash, (const uint8_t *)name, sizeof(name) - 1);
	hashAdd(&hash, session->agreed.data, session->agreed.length);
	for (i = 0; i < session->privacy; i++)
		hashAdd(&hash, derived + i * step, SHARE);
	hmacEnd(&hash, &key, bytes);
	memcpy(value, bytes, CHECK_VALUE);
	wipe(&key, sizeof(key));
	wipe(bytes, sizeof(bytes));
}

/* I_TP */

/* HDR, with no crypto session, and T. */
#define HEAD (6 + CSB_ID + 2 + TIMESTAMP)

static uint8_t *putHead(const Session *session, uint8_t dataType, uint8_t prf, uint8_t next, uint8_t *to)
{
	uint8_t start[4] = { VERSION, dataType, PAYLOAD_T, prf };
	uint8_t middle[4] = { 0, EMPTY_MAP, next, COUNTER };

	to = put(put(to, start, sizeof(start)), session->csbId, CSB_ID);
	return put(put(to, middle, sizeof(middle)), session->timestamp, TIMESTAMP);
}

static uint8_t *putRole(uint8_t *to, uint8_t next, uint8_t role, const Identity *identity)
{
	*to++ = next;
	*to++ = role;
	return putIdentity(to, identity);
}

size_t secretLength(const Session *session)
{
	return (size_t)SHARE * (session->threshold - session->privacy);
}

/* Where the contents of the KEMAC begin. */
static size_t contentsOffset(const Session *session)
{
	return HEAD + 2 + RAND + 5 + session->sensor.data.length + 5 + session->responder.data.length + 4 + SHARING +
		CHECK_VALUE + 4;
}

size_t shareMessageLength(const Session *session)
{
	return contentsOffset(session) + KEY_DATA + 1 + macLength(session->mac);
}

/* All but check value, share, MAC alg and MAC. Returns where the check value belongs. */
static uint8_t *putShareMessage(const Session *session, uint8_t *message)
{
	static const uint8_t extension[] = { PAYLOAD_KEMAC, EXTENSION_SHARE, 0, SHARING + CHECK_VALUE };
	uint8_t kemac[] = { PAYLOAD_LAST, session->encryption, 0, KEY_DATA, PAYLOAD_LAST, 0 /* TGK, no KV */, 0, SHARE };
	uint8_t *to = putHead(session, PRE_SHARED_KEY, session->prf | 0x80 /* V */, PAYLOAD_RAND, message);

	*to++ = PAYLOAD_IDR;
	*to++ = RAND;
	to = put(to, session->rand, RAND);
	to = putRole(to, PAYLOAD_IDR, ROLE_INITIATOR, &session->sensor);
	to = putRole(to, PAYLOAD_EXTENSION, ROLE_RESPONDER, &session->responder);
	to = put(put(to, extension, sizeof(extension)), session->agreed.data, SHARING);
	put(to + CHECK_VALUE, kemac, sizeof(kemac));
	return to;
}

/* AES-CCM: everything but the contents is additional data, the MAC alg behind them too. */
static int sealCcm(const Session *session, const HmacKey *psk, const uint8_t *iv, uint8_t *message, uint8_t *contents)
{
	size_t offset = (size_t)(contents - message), tagLength = macLength(session->mac), i;
	uint8_t key[AES_KEY], nonce[CCM_NONCE], sealed[KEY_DATA + AES_BLOCK];
	int error;

	deriveKeyed(session, psk, MESSAGE_ENCRYPTION, key, sizeof(key));
	deriveKeyed(session, psk, MESSAGE_SALT, nonce, sizeof(nonce));
	for (i = 0; i < CCM_NONCE; i++)
		nonce[i] ^= iv[1 + i];
	memcpy(sealed, contents, KEY_DATA);
	contents[0] = session->mac;
	error = aeadSeal(key, nonce, message, offset + 1, sealed, KEY_DATA, sealed, tagLength);
	memcpy(contents, sealed, KEY_DATA);
	contents[KEY_DATA] = session->mac;
	memcpy(contents + KEY_DATA + 1, sealed + KEY_DATA, tagLength);
	wipe(key, sizeof(key));
	wipe(nonce, sizeof(nonce));
	/* Where the cipher failed, the share is in it. */
	wipe(sealed, sizeof(sealed));
	return error;
}

/* AES-CM with an HMAC over all that stands before it. */
static int sealHmac(const Session *session, const HmacKey *psk, const uint8_t *iv, uint8_t *message, uint8_t *contents)
{
	uint8_t key[HASH_MAX_DIGEST], counter[AES_BLOCK], plain[KEY_DATA];
	size_t i;
	int error;

	deriveKeyed(session, psk, MESSAGE_ENCRYPTION, key, AES_KEY);
	deriveKeyed(session, psk, MESSAGE_SALT, counter, CM_SALT);
	for (i = 0; i < CM_SALT; i++)
		counter[i] ^= iv[i];
	counter[14] = counter[15] = 0;
	memcpy(plain, contents, KEY_DATA);
	error = aeadCtr(key, counter, plain, contents, KEY_DATA);
	wipe(plain, sizeof(plain));
	if (error == 0) {
		HmacKey mac;

		deriveKeyed(session, psk, MESSAGE_AUTHENTICATION, key, session->hash->digestLength);
		hmacKey(&mac, session->hash, key, session->hash->digestLength);
		contents[KEY_DATA] = session->mac;
		hmac(&mac, message, (size_t)(contents - message) + KEY_DATA + 1, NULL, 0, contents + KEY_DATA + 1);
		wipe(&mac, sizeof(mac));
	}
	wipe(key, sizeof(key));
	wipe(counter, sizeof(counter));
	return error;
}

int sealShareMessage(const Session *session, const uint8_t psk[PSK], uint8_t *message)
{
	/* RFC 3830 §4.2.3: 0x0000, CSB ID, T in 64 bits. For CCM one 0x00 less. */
	uint8_t iv[CM_SALT] = { 0 }, *contents = message + contentsOffset(session);
	HmacKey key;
	int error;

	memcpy(iv + 2, session->csbId, CSB_ID);
	memcpy(iv + CM_SALT - TIMESTAMP, session->timestamp, TIMESTAMP);
	hmacKey(&key, session->hash, psk, PSK);
	error = (session->encryption == AES_CCM_128 ? sealCcm : sealHmac)(session, &key, iv, message, contents);
	wipe(&key, sizeof(key));
	if (error != 0)
		wipe(message, shareMessageLength(session));
	return error;
}

void openShareMessages(const Session *session, const uint8_t *psks, const uint8_t *weights, const uint8_t *tgk,
	uint8_t *messages)
{
	size_t length = shareMessageLength(session), offset = contentsOffset(session) + KEY_DATA - SHARE, i, point;
	uint8_t *first = messages + offset;

	for (i = 0; i < session->privacy; i++)
		derive(session, (Bytes){ psks + i * PSK, PSK }, DERIVED_SHARE, MESSAGE_CS_ID, first + i * length, SHARE);
	checkValue(session, (Bytes){ tgk, secretLength(session) }, first, length, putShareMessage(session, messages));
	for (i = 1; i < session->shares; i++)
		memcpy(messages + i * length, messages, offset);
	for (i = session->privacy; i < session->shares; i++) {
		memset(first + i * length, 0, SHARE);
		for (point = 0; point < session->threshold; point++) {
			const uint8_t *values = point < session->privacy ? first + point * length :
				tgk + (point - session->privacy) * SHARE;
			fieldAddScaled(first + i * length, *weights++, values, SHARE);
		}
	}
}

/* TP_I and R_I */

/* Bytes that have to be there, one after the other. */
typedef struct {
	const uint8_t *next, *end;
	int wrong;
} Expected;

static void expect(Expected *expected, const uint8_t *bytes, size_t length)
{
	if (expected->wrong || (size_t)(expected->end - expected->next) < length ||
		memcmp(expected->next, bytes, length) != 0)
		expected->wrong = 1;
	else
		expected->next += length;
}

/* An answer up to the identity: HDR, T, whose next payload is `next`. */
static Expected expectAnswer(const Session *session, Bytes message, uint8_t next)
{
	Expected expected = { message.data, message.data + message.length, 0 };
	uint8_t head[HEAD];

	putHead(session, VERIFICATION, session->prf, next, head);
	expect(&expected, head, sizeof(head));
	return expected;
}

static void expectIdentity(Expected *expected, uint8_t role, const Identity *identity)
{
	expect(expected, &role, 1);
	expect(expected, identity->head, sizeof(identity->head));
	expect(expected, identity->data.data, identity->data.length);
}

size_t verificationLength(const Session *session)
{
	return 2 + macLength(session->verification);
}

/* V at the end of a message, under a key of the sender (RFC 3830 §5.2): compared in constant time. */
static int verificationHolds(const Session *session, Bytes key, const Identity *sender, Bytes message)
{
	size_t length = macLength(session->verification), covered = message.length - length, i;
	const uint8_t *tag = message.data + covered;
	uint8_t bytes[HASH_MAX_DIGEST], difference = 0;
	size_t keyLength = session->hash->digestLength;
	HmacKey authentication;
	Hash hash;

	if (tag[-2] != PAYLOAD_LAST || tag[-1] != session->verification)
		return 0;
	derive(session, key, MESSAGE_AUTHENTICATION, MESSAGE_CS_ID, bytes, keyLength);
	hmacKey(&authentication, session->hash, bytes, keyLength);
	hmacBegin(&hash, &authentication);
	hashAdd(&hash, message.data, covered);
	hashAdd(&hash, session->sensor.data.data, session->sensor.data.length);
	hashAdd(&hash, sender->data.data, sender->data.length);
	hashAdd(&hash, session->timestamp, TIMESTAMP);
	hmacEnd(&hash, &authentication, bytes);
	for (i = 0; i < length; i++)
		difference |= tag[i] ^ bytes[i];
	wipe(&authentication, sizeof(authentication));
	wipe(bytes, sizeof(bytes));
	return difference == 0;
}

int checkShareVerification(const Session *session, Identity thirdParty, const uint8_t *psk, Bytes message)
{
	Expected expected = expectAnswer(session, message, PAYLOAD_IDR);
	int receipt = message.length > HEAD && message.data[HEAD] == PAYLOAD_V;
	uint8_t next = receipt ? PAYLOAD_V : PAYLOAD_EXTENSION;
	size_t rest, offset = 0;

	expect(&expected, &next, 1);
	expectIdentity(&expected, ROLE_THIRD_PARTY, &thirdParty);
	rest = (size_t)(expected.end - expected.next);
	if (expected.wrong || rest < verificationLength(session))
		return -1;
	rest -= verificationLength(session);
	if (!receipt) {
		uint8_t extension[4] = { PAYLOAD_V, EXTENSION_CONFIRMATION };

		/* Something must be in it. */
		if (rest <= sizeof(extension))
			return -1;
		rest -= sizeof(extension);
		extension[2] = (uint8_t)(rest >> 8);
		extension[3] = (uint8_t)rest;
		expect(&expected, extension, sizeof(extension));
		offset = (size_t)(expected.next - message.data);
	} else if (rest != 0)
		return -1;
	if (expected.wrong || !verificationHolds(session, (Bytes){ psk, PSK }, &thirdParty, message))
		return -1;
	return (int)offset;
}

int checkConfirmation(const Session *session, Bytes tgk, Bytes message)
{
	static const uint8_t nonce[] = { PAYLOAD_EXTENSION, ROLE_RESPONDER, NONCE };
	static const uint8_t senderId[] = { PAYLOAD_IDR, EXTENSION_SENDER_ID, 0 };
	static const uint8_t next = PAYLOAD_V;
	Expected expected = expectAnswer(session, message, PAYLOAD_RANDR);
	size_t idLength;

	expect(&expected, nonce, sizeof(nonce));
	if (expected.wrong || message.length < CONFIRMATION_ID)
		return -1;
	expected.next += NONCE;
	expect(&expected, senderId, sizeof(senderId));
	idLength = *expected.next++;
	if (expected.wrong || idLength > LONGEST_SENDER_ID || (size_t)(expected.end - expected.next) < idLength ||
		(idLength == 1 && *expected.next == RESPONDER_SENDER_ID))
		return -1;
	expected.next += idLength;
	expect(&expected, &next, 1);
	expectIdentity(&expected, ROLE_RESPONDER, &session->responder);
	if (expected.wrong || (size_t)(expected.end - expected.next) != verificationLength(session) ||
		!verificationHolds(session, tgk, &session->responder, message))
		return -1;
	return (int)idLength;
}

void stepPsks(uint8_t *psks, size_t count)
{
	static const char label[] = "symbolon-psk";
	uint8_t digest[HASH_MAX_DIGEST];
	HmacKey key;
	size_t i;

	for (i = 0; i < count; i++, psks += PSK) {
		hmacKey(&key, &sha256, psks, PSK);
		hmac(&key, (const uint8_t *)label, sizeof(label) - 1, NULL, 0, digest);
		memcpy(psks, digest, PSK);
	}
	wipe(&key, sizeof(key));
	wipe(digest, sizeof(digest));
}
