/**
 * Whole MIKEY messages in hexadecimal: of RFCs, of other software, and of an independent implementation
 * (Python's hmac and cryptography) for what no RFC gives a vector of.
 */

import { fromHex } from "../../../protocol/bytes.js";

/** Key material of the computed messages below. */
export const computed = {
  psk: fromHex("000102030405060708090a0b0c0d0e0f"),
  tgk: fromHex("404142434445464748494a4b4c4d4e4f"),
  envelopeKey: fromHex("606162636465666768696a6b6c6d6e6f"),
  csbId: fromHex("11223344"),
  rand: fromHex("a0a1a2a3a4a5a6a7a8a9aaabacadaeaf"),
  timestamp: fromHex("ec00000012345678"),
} as const;

/** HDR with the Empty map, T, RAND, IDi "sensor-1@example" and IDr "tp1@example", up to KEMAC's Encr alg. */
const computedHead = (prf: string) =>
  `010005${prf}1122334400010b00ec000000123456780610a0a1a2a3a4a5a6a7a8a9aaabacadaeaf` +
  "0600001073656e736f722d31406578616d706c650100000b747031406578616d706c6500";

export const samples = {
  /** RFC 4567 §5.1: a pre-shared-key I_MESSAGE. Its PSK is not published. */
  rfc4567:
    "01000580cd177e5001000000000000000000000b00c8e350ea0000000006104a28da979ee21a7651a0d7f19136d98c0a00000f" +
    "646f6e616c64406475636b2e636f6d010000000000010024d092a981a5640da6b08bdc21541b41b74299d78ca636ebbadbe36f" +
    "de8ccf2f28302bf19b015f627a69c6508675f5f59050e4abcca4c0bfdcd5",

  /** GStreamer's unit test: nothing but a header. */
  gstreamerHeader: "01000000123456780000",

  /** GStreamer's unit test: two SRTP sessions. */
  gstreamerSessions: "01000000123456780200011234567800000000022345678900000001",

  /** A camera's message in RTSP: no encryption, no MAC. */
  camera:
    "01000500e69d51f801000030685760000000000b00ebfe6f2db1c13fd00a10c2dde443a84930a5757a7ed9c3a417fb01000000" +
    "1500010101011002010103010a0701010801010a0101000000220020001e9091783dfce8ddcd443a53508b64509f35bd8a86bc" +
    "4d8b7637a502493daf00",

  /** Another one, of a Java RTSP server. */
  rtspServer:
    "010005007a23295e010000958c2327000000000b00ebf99d4cb05ea24c0a106c1c02e3ebc63ebf7a7c9bf80dbeacd701000000" +
    "1500010101011002010103010a0701010801010a0101000000220020001e5fc5ef382cc8321d094ce5a2bd62f111f953512a75" +
    "7e38f68bcc46ec3f4300",

  /** gortsplib's unit test: a key with an SPI. */
  keyWithSpi: "010001001234567801000311223344556677880000000a00210003aabbcc02112200",

  /** Pre-shared-key mode under PRF 0, AES-CM-128 and HMAC-SHA-1. */
  preSharedKey: `${computedHead("80")}0100142d14712d36cceeb4e9093d05a14dfab5b67323e8011bc0523342713b95a5e4c7688fb6ee5954b6a6b6`,

  /** Its R_MESSAGE. */
  preSharedKeyVerification:
    "010105001122334400010600ec000000123456780900000b747031406578616d706c650001135e4c6675abf6178af428aae9f5" +
    "492c92cc168f",

  /** The same under PRF 1 and AES-CCM with a tag of 16 bytes. */
  ccm: `${computedHead("81")}f10014e9a9012e29b2824395c8dfb7d9df0e770c9808f6f1c03055eb482428bae0334b130c19d780`,

  /** The same with a tag of 8 bytes. */
  ccm8: `${computedHead("81")}f10014e9a9012e29b2824395c8dfb7d9df0e770c9808f6f2eb64ba24ac2dabf2`,

  /** R_MESSAGE of "r@hospital.example" under the TGK, PRF 1. */
  confirmation:
    "010105011122334400010600ec00000012345678090000127240686f73706974616c2e6578616d706c65000292df03e5c10a1d" +
    "393cf53bd09480692ed947ba07bb08a3907d7ee6d66ed01eac",
} as const;

export type SampleName = keyof typeof samples;

/** Every sample, as [name, bytes]. */
export function allSamples(): [SampleName, Uint8Array][] {
  return (Object.keys(samples) as SampleName[]).map((name) => [name, fromHex(samples[name])]);
}
