import { ApiProperty } from '@nestjs/swagger';

/** As many hashes as a tree of 2^63 leaves needs. */
const hashes = {
  type: String,
  isArray: true,
  maxItems: 63,
  items: { type: 'string', maxLength: 44 },
} as const;

/** That an event is in the log, for anybody who has the log's public key. */
export class ProofView {
  /**
   * Place in the log, from 0.
   * @example 73
   */
  leafIdx!: number;

  /**
   * The entry, base64: canonical JSON (RFC 8785). Its hash is SHA-256(0x00 || entry).
   * @example "eyJhY3Rpb24iOiJyb2xlcy5jcmVhdGVkIn0="
   */
  @ApiProperty({ maxLength: 200_000 })
  leafB64!: string;

  /** Hashes from the leaf's sibling to the child of the root (RFC 9162, section 2.1.3), base64. */
  @ApiProperty(hashes)
  proof!: string[];

  /** The signed note (C2SP tlog-checkpoint) that the proof leads to. */
  @ApiProperty({ maxLength: 20_000 })
  checkpoint!: string;

  /** The same proof as one text (C2SP tlog-proof), to be kept as a `.tlog-proof` file. */
  @ApiProperty({ maxLength: 30_000 })
  tlogProof!: string;
}

/** That the log of `to` entries begins with the one of `from`. */
export class ConsistencyView {
  /** Hashes (RFC 9162, section 2.1.4), base64. Empty when `from` is 0 or `to`. */
  @ApiProperty(hashes)
  proof!: string[];

  /** @example 12 */
  from!: number;

  /** @example 73 */
  to!: number;
}
