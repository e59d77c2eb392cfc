/** The five messages of profile 1 field by field, out of MIKEY's primitives alone. */

import { concat, fromHex, toHex, uint } from "../../../protocol/bytes.js";
import { primitives } from "../../support/primitives.js";
import { type GoldenExchange, goldenInputs } from "./golden.js";
import { forwardingParty, identity, knownResponder, statement } from "./parties.js";

const { nonce, t, tgk, psks, envelopeKey, responderNonce, senderId, unixTime } = goldenInputs;
const csbId = nonce.slice(0, 8);
const hexOf = (text: string) => toHex(identity(text).data);

/** A length of 1 or 2 bytes before hexadecimal digits. */
const prefixed = (size: number, hex: string) => toHex(uint(hex.length / 2, size)) + hex;

/** The messages, built by hand. */
export function byHand(suite: GoldenExchange["suite"]): GoldenExchange {
  const ccm = suite === "aes-ccm-128";
  const hash = ccm ? "sha-256" : "sha-1";
  const [prf, encryption, mac, verification] = ccm ? ["01", "f1", "f1", "02"] : ["00", "01", "01", "01"];
  const asking = ccm ? "81" : "80";

  const tHex = toHex(uint(t, 4));
  const t64 = `00000000${tHex}`;
  const seconds = Math.floor(unixTime / 1000) + 2208988800;
  const ntp = `${toHex(uint(seconds, 4))}80000000`;
  const rand = toHex(
    primitives.sha256(
      concat(fromHex("73796d626f6c6f6e2d72616e64"), fromHex(`020008${hexOf("sensor")}${nonce}${tHex}`)),
    ),
  ).slice(0, 32);
  const derive = (key: string, constant: string, csId: string, length: number) =>
    toHex(primitives.prf(hash, fromHex(key), fromHex(constant + csId + csbId + rand), length));
  const hmac = (key: string, hex: string) => toHex(primitives.hmac(hash, fromHex(key), fromHex(hex)));

  /** Encr data, MAC alg and MAC of a KEMAC, `cover` being what its MAC covers before the KEMAC. */
  const sealed = (key: string, time64: string, cover: string, contents: string) => {
    const encryptionKey = fromHex(derive(key, "150533e1", "ff", 16));
    const head = `${cover}00${encryption}${toHex(uint(contents.length / 2, 2))}`;
    const salt = fromHex(derive(key, "29b88916", "ff", ccm ? 13 : 14));
    const mask = fromHex((ccm ? "00" : "0000") + csbId + time64);
    const iv = salt.map((byte, i) => byte ^ mask[i]);
    if (ccm) {
      const both = primitives.ccmSeal(encryptionKey, iv, fromHex(head + mac), fromHex(contents), 16);
      const end = contents.length;
      return toHex(both).slice(0, end) + mac + toHex(both).slice(end);
    }
    const counter = concat(iv, new Uint8Array(2));
    const encrypted = toHex(primitives.aesCtr(encryptionKey, counter, fromHex(contents)));
    return encrypted + mac + hmac(derive(key, "2d22ac75", "ff", 20), head + encrypted + mac);
  };
  /** The message with the Ver data of its V, which stands for `identities` and T. */
  const verified = (key: string, message: string, identities: string, time: string) => {
    const authentication = derive(key, "2d22ac75", "ff", ccm ? 32 : 20);
    return message + hmac(authentication, message + identities + time);
  };
  const idr = (next: string, role: string, name: string) => `${next}${role}020008${hexOf(name)}`;

  // Shares: party 1 has what its PSK gives, the others lie on the line through it (x = 1) and the TGK (x = 0).
  const share1 = fromHex(derive(psks[0], "197a9e97", "ff", 16));
  const twice = (byte: number) => (byte << 1) ^ (byte > 127 ? 0x11b : 0);
  const line = (two: Uint8Array, three: Uint8Array) =>
    two.map((byte, i) => twice(byte) ^ twice(three[i]) ^ three[i]);
  const shares = [share1, line(share1, fromHex(tgk)), line(fromHex(tgk), share1)];

  // The check value covers all of this, and share 1.
  const agreed = `11020103020008${hexOf("sensor")}020008${hexOf("server")}${tHex}${csbId}${rand}`;
  const covered = fromHex(`73796d626f6c6f6e2d6376${agreed}${toHex(share1)}`);
  const kc = derive(tgk, "1b5c7973", "00", 32);
  const cv = toHex(primitives.hmac("sha-256", fromHex(kc), covered)).slice(0, 16);

  const header = (type: string, flags: string) => `01${type}05${flags}${csbId}0001`;
  const parameters = `11020103${cv}`;
  const I_TP = shares.map((share, i) => {
    const head =
      `${header("00", asking)}0b02${tHex}0e10${rand}` +
      `${idr("0e", "01", "sensor")}${idr("15", "02", "server")}01f1000c${parameters}`;
    return `${head}00${encryption}0014${sealed(psks[i], t64, head, `00000010${toHex(share)}`)}`;
  });

  const R_I = verified(
    tgk,
    `${header("01", prf)}0f02${tHex}1502${prefixed(1, responderNonce)}0ef5${prefixed(2, senderId)}` +
      `${idr("09", "02", "server")}00${verification}`,
    hexOf("sensor") + hexOf("server"),
    tHex,
  );
  const TP_I = verified(
    psks[2],
    `${header("01", prf)}0e02${tHex}${idr("15", "f0", "tp-3")}09f2${prefixed(2, R_I)}00${verification}`,
    hexOf("sensor") + hexOf("tp-3"),
    tHex,
  );
  const R_TP = verified(
    envelopeKey,
    `${header("03", prf)}0e00${ntp}${idr("15", "02", "server")}09f2${prefixed(2, R_I)}00${verification}`,
    hexOf("tp-3") + hexOf("server"),
    ntp,
  );

  const { chain, sign } = forwardingParty(identity("tp-3"));
  const [leaf, intermediate] = chain.map((certificate) => prefixed(2, toHex(certificate)));
  const { certificateHash, wrap } = knownResponder();
  const contents = `14020008${hexOf("tp-3")}00000010${toHex(shares[2])}`;
  const kemac = sealed(envelopeKey, ntp, "", contents);
  const signed =
    `${header("02", asking)}0b00${ntp}0e10${rand}${idr("0e", "01", "sensor")}${idr("07", "f0", "tp-3")}` +
    `0700${leaf}0e00${intermediate}${idr("15", "02", "server")}15f1000c${parameters}` +
    `15f3000502${tHex}01f4${prefixed(2, toHex(statement))}` +
    `08${encryption}${toHex(uint(contents.length / 2, 2))}${kemac}` +
    `0202${toHex(certificateHash)}04${prefixed(2, toHex(wrap(fromHex(envelopeKey))))}1040`;
  return {
    suite,
    I_TP,
    TP_I,
    TP_R: signed + toHex(sign(fromHex(signed))),
    R_TP,
    R_I,
    tek: derive(tgk, "2ad01c64", "01", 16),
    salt: derive(tgk, "39a2c14b", "01", 8),
  };
}
