/**
 * A third party that lies: a program of its own, which `symbolon simulate --liars` starts in the place of
 * `symbolon third-party`. That command can't lie: what it passes on, no file, option or message can change.
 */

import { fromHex } from "../../protocol/bytes.js";
import { ContentFormats, codeName } from "../../protocol/coap/numbers.js";
import { createForwardMessage } from "../../protocol/exchange/forward-message.js";
import { shareIndex } from "../../protocol/exchange/policy.js";
import { MIKEY_PATH } from "../../protocol/exchange/profile.js";
import type { AcceptedShare } from "../../protocol/exchange/share-message.js";
import { type ServeOptions, serverCommand } from "../cli/serve.js";
import { runThirdParty } from "../cli/third-party.js";
import { coapRequest } from "../coap/client.js";
import { primitives, randomSource } from "../primitives.js";
import type { Passage } from "../third-party/options.js";
import { alter, type ExtraLie, extraLies, plant } from "./lies.js";

/** How long an extra lie waits for its answer. */
const TIMEOUT_MS = 5000;

/** An answer that is still awaited must not keep the process. */
const ended = new AbortController();
process.once("SIGTERM", () => ended.abort());

function collude(accepted: AcceptedShare, passage: Passage, secret: Uint8Array): AcceptedShare {
  const { policy } = passage.enrolment;
  const planted = plant(accepted, shareIndex(policy, passage.party.identity), secret);
  extraLies(planted, passage).forEach((extra, i) => {
    tell(extra, passage, Date.now() - 1 - i).then(
      (answer) => process.stderr.write(`claimed ${extra.what}: ${answer}\n`),
      (error: Error) => process.stderr.write(`claimed ${extra.what}: ${error.message}\n`),
    );
  });
  return planted;
}

/** Sends a TP_R of this time, which no other of this third party may have. */
async function tell({ accepted, party }: ExtraLie, { enrolment, responder }: Passage, time: number) {
  const { statement } = enrolment;
  const { bytes } = createForwardMessage(
    primitives,
    randomSource,
    accepted,
    party,
    responder,
    statement,
    time,
  );
  const { code } = await coapRequest({
    address: responder.address,
    path: MIKEY_PATH,
    payload: bytes,
    contentFormat: ContentFormats.mikey,
    timeout: TIMEOUT_MS,
    signal: ended.signal,
  });
  return codeName(code);
}

await serverCommand("liar", "a third party that lies, for symbolon simulate")
  .option("--collude <secret>", "plant a key with all who know this secret, in hexadecimal")
  .action((options: ServeOptions & { collude?: string }) => {
    if (options.collude === undefined) return runThirdParty(options, alter);
    const secret = fromHex(options.collude);
    return runThirdParty(options, (accepted, passage) => collude(accepted, passage, secret));
  })
  .parseAsync();
