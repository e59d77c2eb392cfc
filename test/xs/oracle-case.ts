/** Input of one comparison with an oracle; byte strings in hex. */
export interface OracleCase {
  readonly key: string;
  readonly nonce: string;
  readonly aad: string;
  readonly data: string;
  readonly tagLength: 8 | 16;
}
