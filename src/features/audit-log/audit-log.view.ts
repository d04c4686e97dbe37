/** That an event is in the log, for anybody who has the log's public key. */
export class ProofView {
  /**
   * Place in the log, from 0.
   * @example 73
   */
  leafIdx!: number;

  /** The entry, base64: canonical JSON (RFC 8785). Its hash is SHA-256(0x00 || entry). */
  leafB64!: string;

  /** Hashes from the leaf's sibling to the child of the root (RFC 9162, section 2.1.3), base64. */
  proof!: string[];

  /** The signed note (C2SP tlog-checkpoint) that the proof leads to. */
  checkpoint!: string;

  /** The same proof as one text (C2SP tlog-proof), to be kept as a `.tlog-proof` file. */
  tlogProof!: string;
}

/** That the log of `to` entries begins with the one of `from`. */
export class ConsistencyView {
  /** Hashes (RFC 9162, section 2.1.4), base64. Empty when `from` is 0 or `to`. */
  proof!: string[];

  /** @example 12 */
  from!: number;

  /** @example 73 */
  to!: number;
}
