import { ApiProperty } from '@nestjs/swagger';

import { subjectText } from './block.subject.js';
import type { Block } from './blocks.repository.js';

const subjectPattern = '^([0-9a-f:.]+(/64)?|(user|api-key):[0-9a-f-]{36})$';

/** Somebody who went on after being refused. */
export class BlockView {
  /**
   * Address or network of strangers, or `user:` or `api-key:` with the id.
   * @example "2001:db8:1:2::/64"
   */
  @ApiProperty({ maxLength: 50, pattern: subjectPattern })
  subject: string;
  kind: 'network' | 'user' | 'api-key';
  /**
   * The limit that refused.
   * @example "auth"
   */
  @ApiProperty({ maxLength: 40, pattern: '^[a-z-]+$' })
  policy: string;
  /** Blocks in a row, with this one; each is twice as long as the one before, up to an hour. */
  @ApiProperty({ type: 'integer', minimum: 1, maximum: 1_000_000 })
  times: number;
  blockedAt: Date;
  blockedUntil: Date;

  static of(block: Block): BlockView {
    const { kind, policy, times, blockedAt, blockedUntil } = block;
    const subject = subjectText(block);
    return Object.assign(new BlockView(), {
      subject,
      kind,
      policy,
      times,
      blockedAt,
      blockedUntil,
    });
  }
}

export class BlockListView {
  @ApiProperty({ maxItems: 100 })
  items: BlockView[];
  /**
   * Pass it as `cursor` for the next page; null on the last one.
   * @example "203.0.113.7"
   */
  @ApiProperty({ maxLength: 50, pattern: subjectPattern })
  nextCursor: string | null;
}
