/** Checks, each taken out of the code once: a test must miss it. */

/** One change of a source file. */
export interface Mutation {
  readonly file: string;
  /** What stands there exactly once. */
  readonly find: string;
  readonly replace: string;
  /** The suites that must fail: files below dist/test, or beginnings of their names. */
  readonly suites: readonly string[];
}

const exchange = ["protocol/exchange"];
const mikey = ["protocol/mikey"];
const oscore = ["protocol/oscore"];
const thirdParty = ["host/third-party/third-party", "host/third-party/keys"];
const responder = ["host/responder"];
const vouching = ["host/third-party/vouch"];
const atGateway = ["host/gateway/deposits", "host/gateway/triggers"];

export const mutations: readonly Mutation[] = [
  // MIKEY: what must be under a MAC or signature, and hold.
  {
    file: "protocol/mikey/public-key.ts",
    find: "if (!verify(signed, signature))",
    replace: "if (verify(signed, signature) === undefined)",
    suites: [...mikey, ...responder],
  },
  {
    file: "protocol/mikey/public-key.ts",
    find: "  if (used !== algorithm) throw",
    replace: "  if (used < 0) throw",
    suites: [...mikey, ...responder],
  },
  {
    file: "protocol/mikey/public-key.ts",
    find: "envelopeKey === undefined || envelopeKey.length < SHORTEST_ENVELOPE_KEY",
    replace: "envelopeKey === undefined",
    suites: [...mikey, ...responder],
  },
  {
    file: "protocol/mikey/pre-shared-key.ts",
    find: "if (kemac?.type !== PayloadTypes.KEMAC) {",
    replace: "if (kemac === undefined) {",
    suites: mikey,
  },
  {
    file: "protocol/mikey/pre-shared-key.ts",
    find: "  refuseTrailing(message, ErrorNumbers.authentication);",
    replace: "",
    suites: [...mikey, ...exchange],
  },
  {
    file: "protocol/mikey/message.ts",
    find: "  if (message.trailing.length > 0) {",
    replace: "  if (message.trailing.length > 1) {",
    suites: [...mikey, ...exchange],
  },
  // The exchange: who, what and under which policy.
  {
    file: "protocol/exchange/share-message.ts",
    find: "  refuseOtherPolicy(session, policy);",
    replace: "",
    suites: [...exchange, ...thirdParty],
  },
  {
    file: "protocol/exchange/share-message.ts",
    find: "keys.length !== 1 || key.type !== KeyTypes.tgk || key.key.length !== SHARE_LENGTH",
    replace: "key.type !== KeyTypes.tgk || key.key.length !== SHARE_LENGTH",
    suites: [...exchange, ...responder],
  },
  {
    file: "protocol/exchange/share-message.ts",
    find: "key.type !== KeyTypes.tgk || key.key.length !== SHARE_LENGTH",
    replace: "key.type !== KeyTypes.tgk",
    suites: [...exchange, ...responder],
  },
  {
    file: "protocol/exchange/share-message.ts",
    find: "if (rand.length !== RAND_LENGTH) {",
    replace: "if (rand.length < RAND_LENGTH) {",
    suites: [...exchange, ...thirdParty],
  },
  {
    file: "protocol/exchange/session.ts",
    find: "if (!sameIdentity(session.sensor, policy.sensor)) {",
    replace: "if (session.sensor.data.length > 255) {",
    suites: [...exchange, ...thirdParty],
  },
  {
    file: "protocol/exchange/session.ts",
    find: 'differs("threshold", sharing.threshold, enrolled.threshold, ErrorNumbers.share);',
    replace: "",
    suites: [...exchange, ...thirdParty, ...responder],
  },
  {
    file: "protocol/exchange/session.ts",
    find: 'differs("privacy", sharing.privacy, enrolled.privacy, ErrorNumbers.share);',
    replace: "",
    suites: [...exchange, ...thirdParty, ...responder],
  },
  {
    file: "protocol/exchange/session.ts",
    find: 'differs("suite", suite.name, policy.suite, ErrorNumbers.encryption);',
    replace: "",
    suites: [...exchange, ...thirdParty, ...responder],
  },
  {
    file: "protocol/exchange/session.ts",
    find: "    if (identity !== undefined) throw new Refusal",
    replace: "    if (name === undefined) throw new Refusal",
    suites: [...exchange, ...thirdParty, ...responder],
  },
  {
    file: "protocol/exchange/session.ts",
    find: "    identityBytes(responder),\n",
    replace: "",
    suites: exchange,
  },
  {
    file: "protocol/exchange/forward-message.ts",
    find: "if (!sameIdentity(session.responder, responder)) {",
    replace: "if (responder.data.length === 0) {",
    suites: [...exchange, ...responder],
  },
  {
    file: "protocol/exchange/forward-message.ts",
    find: "  if (x === 0) {",
    replace: "  if (x < 0) {",
    suites: [...exchange, ...responder],
  },
  {
    file: "protocol/exchange/forward-message.ts",
    find: "if (!equal(chash.value, responder.certificateHash)) {",
    replace: "if (chash.value.length === 0) {",
    suites: [...exchange, ...responder],
  },
  {
    file: "protocol/exchange/forward-message.ts",
    find: "identity === undefined || !sameIdentity(identity, thirdParty)",
    replace: "identity === undefined",
    suites: [...exchange, ...responder],
  },
  {
    file: "protocol/exchange/confirmation.ts",
    find: "    !answerHolds(primitives, context, covered, bytes.subarray(end))",
    replace: "    bytes.length === 0",
    suites: exchange,
  },
  {
    file: "protocol/exchange/share-verification.ts",
    find: "    !answerHolds(primitives, context, bytes.subarray(0, end), bytes.subarray(end))",
    replace: "    bytes.length === 0",
    suites: exchange,
  },
  {
    file: "protocol/exchange/policy.ts",
    find: "!Number.isInteger(k) || k < 2",
    replace: "!Number.isInteger(k) || k < 1",
    suites: [...exchange, "host/enrolment"],
  },
  {
    file: "protocol/exchange/policy.ts",
    find: "thirdParties.findIndex((other) => sameIdentity(other, party)) !== i",
    replace: "thirdParties.length < 0",
    suites: [...exchange, "host/enrolment"],
  },
  // Replay.
  {
    file: "host/third-party/keys.ts",
    find: "skipped.has(t)) return",
    replace: "t >= 0) return",
    suites: ["host/third-party/keys"],
  },
  {
    file: "host/third-party/keys.ts",
    find: "filter(([old]) => old !== t && old >= last - WINDOW)",
    replace: "filter(([old]) => old >= last - WINDOW)",
    suites: ["host/third-party/keys"],
  },
  {
    file: "host/third-party/keys.ts",
    find: "old !== t && old >= last - WINDOW)",
    replace: "old !== t && old >= last - WINDOW - 1)",
    suites: ["host/third-party/keys"],
  },
  {
    file: "host/third-party/keys.ts",
    find: "if (t >= next + LONGEST_JUMP) return",
    replace: "if (t > next + LONGEST_JUMP) return",
    suites: ["host/third-party/keys"],
  },
  {
    file: "host/third-party/records.ts",
    find: "    if (before !== undefined) this.#vault.erase(before.place);",
    replace: "",
    suites: ["host/third-party/chain", "host/third-party/remanence"],
  },
  {
    file: "host/third-party/records.ts",
    find: "    vault.keepOnly(new Set(this.#keys.entries().map(([, { place }]) => place)));",
    replace: "",
    suites: ["host/third-party/chain", "host/third-party/remanence"],
  },
  {
    file: "host/third-party/third-party.ts",
    find: "    if (enrolment.start !== undefined) enrolment.taken?.();",
    replace: "",
    suites: ["host/third-party/remanence"],
  },
  {
    file: "firmware/chain.ts",
    find: "    steps.stepPsks(next.subarray(HEAD));\n",
    replace: "",
    suites: ["firmware/chain"],
  },
  {
    file: "firmware/chain.ts",
    find: "    storage.write(NAME, next);\n",
    replace: "",
    suites: ["firmware/chain"],
  },
  {
    file: "host/responder/freshness.ts",
    find: "if (skew > CLOCK_SKEW) {",
    replace: "if (skew > 100 * CLOCK_SKEW) {",
    suites: responder,
  },
  {
    file: "protocol/oscore/replay-window.ts",
    find: '  if (back >= WINDOW_SIZE) return "old";',
    replace: "",
    suites: [...oscore, "host/channel"],
  },
  {
    file: "protocol/oscore/replay-window.ts",
    find: '? "duplicate" : "new"',
    replace: '? "new" : "new"',
    suites: [...oscore, "host/channel"],
  },
  {
    file: "protocol/oscore/server.ts",
    find: "age !== undefined && age <= freshFor",
    replace: "age !== undefined",
    suites: [...oscore, "host/channel"],
  },
  {
    file: "protocol/oscore/echo.ts",
    find: "  if (!equal(this.#value(client, value.subarray(0, TIME_LENGTH)), value)) return undefined;",
    replace: "",
    suites: [...oscore, "host/coap/admission"],
  },
  {
    file: "protocol/oscore/sender-sequence.ts",
    find: "      this.storage.store(end);",
    replace: "",
    suites: oscore,
  },
  {
    file: "firmware/storage/two-copies.ts",
    find: "SUFFIXES[1 - copy]",
    replace: "SUFFIXES[copy]",
    suites: ["firmware/storage"],
  },
  // The mailbox of a sensor: what it acts on, and how often.
  {
    file: "firmware/carried-messages.ts",
    find: "number < kept.state.taken",
    replace: "number < 0",
    suites: ["firmware/collection"],
  },
  {
    file: "firmware/carried-messages.ts",
    find: "  kept.take(number);\n",
    replace: "",
    suites: ["firmware/collection"],
  },
  {
    file: "firmware/carried-messages.ts",
    find: "acknowledged: lately && ",
    replace: "acknowledged: ",
    suites: ["firmware/collection"],
  },
  {
    file: "firmware/carried-messages.ts",
    find: "echo !== undefined && number >= firstNumber",
    replace: "echo !== undefined",
    suites: ["firmware/collection"],
  },
  {
    file: "firmware/requests.ts",
    find: "sensor.nextNumber > until",
    replace: "sensor.nextNumber > until + 1",
    suites: ["firmware/collection"],
  },
  {
    file: "firmware/trigger.ts",
    find: "readDuty(device.storage).deaf > 0",
    replace: "readDuty(device.storage).deaf > 255",
    suites: ["firmware/collection"],
  },
  {
    file: "firmware/trigger.ts",
    find: "? trigger.responder === 0",
    replace: "? trigger.responder >= 0",
    suites: ["firmware/collection"],
  },
  {
    file: "firmware/trigger.ts",
    find: "t !== 0 && trigger.t === (linkingKey === undefined ? t : HIDDEN_T)",
    replace: "trigger.t !== 0",
    suites: ["firmware/collection"],
  },
  {
    file: "firmware/trigger.ts",
    find: "count >= threshold ?",
    replace: "count >= 1 ?",
    suites: ["firmware/collection"],
  },
  {
    file: "firmware/collection.ts",
    find: " || this.#taken === MOST_MESSAGES",
    replace: "",
    suites: ["firmware/collection"],
  },
  {
    file: "firmware/duty.ts",
    find: "rest: 2 ** failed - 1, asked: false",
    replace: "rest: 2 ** failed - 1",
    suites: ["firmware/collection"],
  },
  {
    file: "protocol/exchange/trigger.ts",
    find: " || heard.includes(x)",
    replace: "",
    suites: ["protocol/exchange/trigger", "firmware/collection"],
  },
  // Who may have a sensor begin an exchange, and how often.
  {
    file: "host/third-party/vouch.ts",
    find: "if (!(await pleaHolds(jws, key)))",
    replace: "if ((await pleaHolds(jws, key)) === undefined)",
    suites: vouching,
  },
  {
    file: "host/third-party/vouch.ts",
    find: "    if (!isItsResponder) {",
    replace: "    if (isItsResponder === undefined) {",
    suites: vouching,
  },
  {
    file: "host/third-party/vouch.ts",
    find: "    if (complaint !== undefined) throw",
    replace: "    if (complaint === null) throw",
    suites: vouching,
  },
  {
    file: "host/third-party/vouch.ts",
    find: '  if (judgement === "other T") throw',
    replace: '  if (judgement === "known") throw',
    suites: vouching,
  },
  {
    file: "host/third-party/vouch.ts",
    find: "const judgement = this.#vouched.count(",
    replace: "const judgement = this.#vouched.judge(",
    suites: vouching,
  },
  {
    file: "host/cli/third-party.ts",
    find: "      admission: true,\n",
    replace: "",
    suites: ["system/admission"],
  },
  {
    file: "host/third-party/vouched.ts",
    find: "recent.length < TRIGGERS_A_DAY",
    replace: "recent.length <= TRIGGERS_A_DAY",
    suites: vouching,
  },
  {
    file: "host/third-party/records.ts",
    find: '      if (t < keys.next) return "used";',
    replace: "",
    suites: vouching,
  },
  {
    file: "host/third-party/signer.ts",
    find: "    if (!isKnown(name)) throw",
    replace: '    if (name === "") throw',
    suites: vouching,
  },
  {
    file: "host/third-party/signer.ts",
    find: "now: Date.now(), identity, role",
    replace: "now: Date.now(), role",
    suites: vouching,
  },
  {
    file: "host/authority/certificate.ts",
    find: "    if (signs && i === 0) checkUsage(",
    replace: "    if (signs && i > 0) checkUsage(",
    suites: ["host/authority"],
  },
  {
    file: "host/trigger/plea.ts",
    find: "lifetime <= 0 || lifetime > PLEA_LIFETIME",
    replace: "lifetime <= 0",
    suites: vouching,
  },
  {
    file: "host/trigger/plea.ts",
    find: "issuedAt > now + PLEA_SKEW",
    replace: "issuedAt > 2 * now",
    suites: vouching,
  },
  {
    file: "host/trigger/plea.ts",
    find: "expiresAt + PLEA_SKEW <= now",
    replace: "expiresAt + PLEA_SKEW <= 0",
    suites: vouching,
  },
  {
    file: "host/trigger/plea.ts",
    find: "  if (header.typ !== PLEA_TYPE) throw",
    replace: '  if (header.typ === "") throw',
    suites: vouching,
  },
  {
    file: "host/gateway/triggers.ts",
    find: "vouchers.length < FEWEST",
    replace: "vouchers.length < FEWEST - 1",
    suites: atGateway,
  },
  {
    file: "host/gateway/triggers.ts",
    find: "code === Codes.changed && tag.length === TRIGGER_TAG_LENGTH",
    replace: "code === Codes.changed",
    suites: atGateway,
  },
  {
    file: "host/gateway/triggers.ts",
    find: "if (!this.#rates.admits(",
    replace: "if (this.#running.size > 10 && !this.#rates.admits(",
    suites: atGateway,
  },
  {
    file: "host/gateway/mailboxes.ts",
    find: "this.#ownedBy(handle).filter(([, { good }]) => good)",
    replace: "this.#ownedBy(handle)",
    suites: atGateway,
  },
  // Requests to a sensor.
  {
    file: "host/gateway/mailboxes.ts",
    find: '      if (surplus.length > 0 && kind.whenFull === "refuse") return "full";',
    replace: "",
    suites: ["host/gateway/mailboxes"],
  },
  {
    file: "host/gateway/mailboxes.ts",
    find: '      if (this.#holds(name, item)) return "known";',
    replace: "",
    suites: atGateway,
  },
  {
    file: "host/gateway/mailboxes.ts",
    find: "box.confirmations?.includes(toHex(confirmation.payload))",
    replace: "this.#holds(name, confirmation)",
    suites: ["host/gateway/mailboxes"],
  },
  {
    file: "host/gateway/deposits.ts",
    find: "payload.length > longest",
    replace: "payload.length > 2 * longest",
    suites: atGateway,
  },
  {
    file: "host/channel/channel.ts",
    find: "      this.#records.put({ ...record, sequence: sequence + 1 });",
    replace: "",
    suites: ["host/channel/requests"],
  },
  {
    file: "host/channel/channel.ts",
    find: "open === undefined || open.answer !== undefined",
    replace: "open === undefined",
    suites: ["host/channel/requests"],
  },
  {
    file: "host/channel/channel.ts",
    find: "answer !== undefined && confirmed",
    replace: "answer !== undefined",
    suites: ["host/channel/requests"],
  },
  {
    file: "host/channel/requests.ts",
    find: "this.get(answer);\n    if (request !== undefined)",
    replace: "this.get(answer);\n    if (request === null)",
    suites: ["host/channel/requests"],
  },
  {
    file: "host/responder/asking.ts",
    find: "const result = before.then(work, work);",
    replace: "const result = work();",
    suites: ["host/control"],
  },
  {
    file: "host/control/server.ts",
    find: "process.umask(OWNER_ONLY)",
    replace: "process.umask(0)",
    suites: ["host/control"],
  },
  // Certificates, statements, files.
  {
    file: "host/authority/certificate.ts",
    find: "!x509.verify(issuer.publicKey)",
    replace: "issuer.publicKey === undefined",
    suites: ["host/authority"],
  },
  {
    file: "host/authority/certificate.ts",
    find: "  if (now > notAfter) throw",
    replace: "  if (now > 2 * notAfter) throw",
    suites: ["host/authority"],
  },
  {
    file: "host/authority/certificate.ts",
    find: "confined && !usages?.includes(roleUsages[role])",
    replace: "confined && usages?.length === 0",
    suites: ["host/authority"],
  },
  {
    file: "host/enrolment/statement.ts",
    find: "    typ: STATEMENT_TYPE,\n",
    replace: "",
    suites: ["host/enrolment"],
  },
  {
    file: "host/enrolment/files.ts",
    find: "if (secret && mode & OTHERS) {",
    replace: "if (secret && mode & 0o007) {",
    suites: ["host/enrolment"],
  },
  // The network.
  {
    file: "host/coap/admission.ts",
    find: "age === undefined || age > ECHO_LIFETIME",
    replace: "age === undefined && value === undefined",
    suites: ["host/coap/admission"],
  },
  {
    file: "host/coap/block1.ts",
    find: "transfer === undefined || transfer.length !== offset ||",
    replace: "transfer === undefined ||",
    suites: ["host/coap/server-block1"],
  },
  {
    file: "host/coap/block1.ts",
    find: "end > this.#maxBody ||",
    replace: "",
    suites: ["host/coap/server-block1"],
  },
  {
    file: "host/coap/block1.ts",
    find: "if (counts.get(network) !== most) continue;",
    replace: "",
    suites: ["host/coap/block1"],
  },
  {
    file: "host/coap/block1.ts",
    find: "Math.min(now + this.#lifetime, transfer.end)",
    replace: "now + this.#lifetime",
    suites: ["host/coap/block1"],
  },
  {
    file: "host/coap/network.ts",
    find: "  if (!isIPv6(address)) return host;",
    replace: "  if (host.length > 0) return host;",
    suites: ["host/coap/network", "host/coap/admission"],
  },
  {
    file: "host/coap/admission.ts",
    find: "  return networkOf(parseAddress(peer).host);",
    replace: "  return networkOf(parseAddress(peer).host).length > 0 ? parseAddress(peer).host : peer;",
    suites: ["host/coap/admission"],
  },
  {
    file: "host/coap/endpoint.ts",
    find: " && left >= datagram.length",
    replace: "",
    suites: ["host/coap/amplification"],
  },
  // What is bounded, and who gives way.
  {
    file: "host/responder/responder.ts",
    find: "    this.#makeRoom();\n",
    replace: "",
    suites: ["host/responder/crowd"],
  },
  {
    file: "host/responder/sessions.ts",
    find: "if (sessions.size > most.size) [",
    replace: "if (most.size === 0) [",
    suites: ["host/responder/crowd"],
  },
  {
    file: "host/responder/responder.ts",
    find: "if (this.#records.isFull(place.thirdParty, this.#limits.remembered)) {",
    replace: "if (this.#limits.remembered < 0) {",
    suites: ["host/responder/crowd"],
  },
  {
    file: "host/third-party/questions.ts",
    find: "    this.#makeRoom(this.#bySensor.get(asked.sensor), perSensor, asked.sensor);\n",
    replace: "",
    suites: ["host/third-party/crowd"],
  },
  {
    file: "host/third-party/questions.ts",
    find: "    this.#makeRoom(this.#byResponder.get(asked.responder), perResponder, asked.responder);\n",
    replace: "",
    suites: ["host/third-party/crowd"],
  },
  {
    file: "host/gateway/questions.ts",
    find: "if (open.size < this.#limit) break;",
    replace: "if (open.size >= 0) break;",
    suites: ["host/gateway/crowd"],
  },
  // Secrets when something fails.
  {
    file: "host/third-party/records.ts",
    find: "if (this.#keys.get(sensor)?.place !== place) this.#vault.erase(place);",
    replace: "",
    suites: ["host/third-party/wiped"],
  },
  {
    file: "protocol/exchange/initiator.ts",
    find: "    if (tgk !== undefined) wipe(tgk);\n    credentials",
    replace: "    credentials",
    suites: ["protocol/exchange/wiped"],
  },
  // The gateway, and who meddles with it.
  {
    file: "host/gateway/forwarding.ts",
    find: "option === undefined && !(isProvisional(request) && codeClass(response.code) === 2)",
    replace: "option === undefined && codeClass(response.code) === 6",
    suites: ["host/gateway/doubtful-answers"],
  },
  {
    file: "host/gateway/forwarding.ts",
    find: "isProvisional(request) && codeClass",
    replace: "codeClass",
    suites: ["host/gateway/doubtful-answers"],
  },
  {
    file: "host/gateway/mailboxes.ts",
    find: "        if (worst[1].answered.length === 0) return undefined;\n",
    replace: "",
    suites: ["host/gateway/junk"],
  },
  {
    file: "host/gateway/mailboxes.ts",
    find: "!good && bundle !== undefined && now < deadline",
    replace: "!good && bundle !== undefined && now < 0",
    suites: ["host/gateway/junk"],
  },
  {
    file: "host/gateway/store-trouble.ts",
    find: "if (!(error instanceof StoreError)) throw error;",
    replace: "",
    suites: ["host/gateway/store-trouble"],
  },
  {
    file: "host/channel/channel.ts",
    find: "FRESH_FOR = 10_000",
    replace: "FRESH_FOR = 30_000",
    suites: ["host/channel/channel"],
  },
  // Pseudonyms: nothing that links two exchanges, nothing that junk can spend, nothing that is believed without a key.
  {
    file: "protocol/exchange/pseudonym.ts",
    find: "concat(LABEL, uint(t, 4))",
    replace: "concat(LABEL, uint(0, 4))",
    suites: ["protocol/exchange/pseudonym"],
  },
  {
    file: "protocol/exchange/pseudonymous-initiator.ts",
    find: "return waiting.consumeVerification(x, receipt);",
    replace: "return receipt.length > 0 ? waiting : waiting.consumeVerification(x, receipt);",
    suites: ["protocol/exchange/pseudonym", "firmware/pseudonyms"],
  },
  {
    file: "firmware/main.ts",
    find: "if (enrolment.linkingKey) throw",
    replace: "if (enrolment.deadline < 0) throw",
    suites: ["firmware/pseudonyms"],
  },
  {
    file: "firmware/pseudonyms.ts",
    find: "  KeptChannel.forget(storage);",
    replace: "",
    suites: ["firmware/pseudonyms"],
  },
  {
    file: "firmware/pseudonyms.ts",
    find: "  forgetMailbox(storage);",
    replace: "",
    suites: ["firmware/pseudonyms"],
  },
  {
    file: "firmware/cycle.ts",
    find: " && !(this.fresh && this.#exchangeNow)",
    replace: "",
    suites: ["firmware/cycle"],
  },
  {
    file: "firmware/trigger.ts",
    find: "(linkingKey === undefined ? t : HIDDEN_T)",
    replace: "(trigger.t === HIDDEN_T ? HIDDEN_T : t)",
    suites: ["firmware/pseudonyms"],
  },
  {
    file: "host/gateway/triggers.ts",
    find: "pseudonyms === undefined ? t : HIDDEN_T",
    replace: "pseudonyms === undefined ? t : t",
    suites: ["host/gateway/triggers"],
  },
  {
    file: "host/gateway/gateway.ts",
    find: " || (plain === payload && sensor.pseudonyms !== undefined)",
    replace: "",
    suites: ["host/gateway/pseudonyms"],
  },
  {
    file: "host/gateway/bundles.ts",
    find: 'if (answer !== "refused" && mailboxes.isGoodWith(name, x)) this.#options.onGood',
    replace: "if (answer !== undefined) this.#options.onGood",
    suites: ["host/gateway/pseudonyms"],
  },
  {
    file: "host/gateway/mailboxes.ts",
    find: "new Set(vouched).size >= quorum",
    replace: "vouched.length >= 1",
    suites: ["host/gateway/junk"],
  },
  {
    file: "host/gateway/mailboxes.ts",
    find: "const isGoodNow = isGood(box, vouched) && !this.#isCopy(name, box);",
    replace: "const isGoodNow = isGood(box, vouched);",
    suites: ["host/gateway/replay"],
  },
  {
    file: "host/gateway/mailboxes.ts",
    find: "(a.good ? b.t - a.t : b.used - a.used)",
    replace: "b.used - a.used",
    suites: ["host/gateway/replay"],
  },
  {
    file: "host/third-party/third-party.ts",
    find: "known.part !== this.#partDigest(enrolment, restored)",
    replace: "known.part === restored.toString()",
    suites: ["host/gateway/replay"],
  },
  {
    file: "host/gateway/folder.ts",
    find: "    if (sensor.pseudonyms !== undefined) readText(file, { secret: true });",
    replace: "",
    suites: ["host/enrolment/pseudonyms"],
  },
  {
    file: "host/third-party/third-party.ts",
    find: "answer instanceof Promise ? answer.then(withoutNames) : withoutNames(answer)",
    replace: "answer instanceof Promise ? answer.then(withoutNames) : answer",
    suites: ["host/third-party/pseudonyms"],
  },
  {
    file: "host/third-party/pseudonyms.ts",
    find: "return { code, payload: compressVerification(payload), contentFormat: ContentFormats.octetStream };",
    replace: "return { code, payload, contentFormat: ContentFormats.octetStream };",
    suites: ["host/third-party/pseudonyms"],
  },
  {
    file: "host/pseudonyms.ts",
    find: "    if (this.#looks < this.#sensors.size) return [];",
    replace: "",
    suites: ["host/pseudonyms"],
  },
  {
    file: "host/pseudonyms.ts",
    find: "sensor !== undefined && t >= sensor.next",
    replace: "sensor !== undefined",
    suites: ["host/pseudonyms"],
  },
  {
    file: "host/enrolment/pseudonyms.ts",
    find: "type === IdentityTypes.byteString && data.length >= IDENTITY_LENGTH",
    replace: "data.length >= IDENTITY_LENGTH",
    suites: ["host/enrolment/pseudonyms"],
  },
  {
    file: "host/gateway/mailboxes.ts",
    find: "ofOne >= kind.mostOfOne",
    replace: "ofOne > 100",
    suites: ["host/gateway/mailboxes", "host/gateway/deposits"],
  },
];
