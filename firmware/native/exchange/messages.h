/*
 * The messages of profile 1 that a sensor makes and takes (docs/protocol.md), each in one call. What they lie like is
 * said in protocol/exchange/layout.ts, what protects them in protocol/mikey/kemac.ts, verification.ts and
 * protocol/exchange/session.ts, which are the reference.
 *
 * Portable C99 without heap over digest/, aead/ and shares/.
 */
#ifndef SYMBOLON_MESSAGES_H
#define SYMBOLON_MESSAGES_H

#include <stddef.h>
#include <stdint.h>

#include "../digest/hash.h"

#define PSK 16
#define SHARE 16
#define NONCE 8
#define CSB_ID 4
#define RAND 16
#define TEK 16
#define SALT 8

/* Bytes that stand somewhere else. */
typedef struct {
	const uint8_t *data;
	size_t length;
} Bytes;

/* As in an ID payload. */
typedef struct {
	uint8_t head[3]; /* type, length */
	Bytes data;
} Identity;

Identity identityOf(uint8_t type, Bytes data);

/* A session, out of its bytes; they must stay where they are. */
typedef struct {
	uint8_t prf, encryption, mac, verification;
	const HashAlgorithm *hash;
	uint8_t threshold, privacy, shares;
	Identity sensor, responder;
	Bytes agreed; /* what the check value covers: sessionBytes */
	const uint8_t *timestamp, *csbId, *rand;
} Session;

#define LONGEST_IDENTITY 65535
size_t sessionLength(size_t sensorLength, size_t responderLength);
/*
 * Writes the bytes of a new session with nonce N: PRF func, Encr alg, MAC alg and Auth alg of V, which are the bytes of
 * `suite`, then sessionBytes (session.ts). `sharing` has k, t and n in its lower three bytes.
 */
void createSession(uint32_t suite, uint32_t sharing, const Identity *sensor, const Identity *responder, uint32_t t,
	const uint8_t nonce[NONCE], uint8_t *bytes);
/* Reads them. Returns 0 when the suite is none of profile 1, or a length does not fit. */
int readSession(Session *session, const uint8_t *bytes, size_t length);

/* Bytes of one share message, and of the TGK. */
size_t shareMessageLength(const Session *session);
size_t secretLength(const Session *session);
/*
 * Writes the n share messages one after the other, their shares in the clear. `psks` are those of the first t third
 * parties, 16 bytes each; `weights` the matrix of the enrolment, (n - t) rows of k.
 */
void openShareMessages(const Session *session, const uint8_t *psks, const uint8_t *weights, const uint8_t *tgk,
	uint8_t *messages);
/*
 * Seals one of them in place. Returns 0, or what the cipher of the platform returned when it failed: then nothing of the
 * message is left.
 */
int sealShareMessage(const Session *session, const uint8_t psk[PSK], uint8_t *message);

/*
 * Whether a TP_I is that of this third party, and holds: -1 when not, 0 for one without R_I, else where R_I begins. It
 * goes up to V, which takes `verificationLength` bytes.
 */
int checkShareVerification(const Session *session, Identity thirdParty, const uint8_t *psk, Bytes message);
size_t verificationLength(const Session *session);

/* Whether R_I is one of this session, and holds: the length of the sender ID in it, or -1. */
int checkConfirmation(const Session *session, Bytes tgk, Bytes message);
#define CONFIRMATION_NONCE 19 /* where its nonce begins */
#define CONFIRMATION_ID 31 /* where its sender ID begins */

/*
 * The PSKs of T + 1 in the place of those of T (protocol/exchange/chain.ts): `count` of them, one after the other. Nothing
 * else keeps the old ones.
 */
void stepPsks(uint8_t *psks, size_t count);

void channelKeys(const Session *session, Bytes tgk, uint8_t tek[TEK], uint8_t salt[SALT]);

#endif
