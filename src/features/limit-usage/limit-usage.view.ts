import { ApiProperty } from '@nestjs/swagger';

import type { UsageBy, UsagePoint, UsageTotal } from './limit-usage.repository.js';
import type { UsageSpan } from './usage.policy.js';

const count = { type: 'integer', format: 'int64', minimum: 0, maximum: 2 ** 53 - 1 } as const;

/** Requests of a minute or an hour. */
export class UsagePointView {
  at: Date;
  @ApiProperty(count)
  allowed: number;
  /** By the limit or by a block. */
  @ApiProperty(count)
  refused: number;
}

/** Requests that one policy counted, that one route got, or that one caller sent. */
export class UsageItemView {
  /**
   * Name of the policy; method and path of the route, as in this document with `:name` for what
   * varies; `user:` or `api-key:` with an id, `anonymous`, or `other` for callers beyond many.
   * @example "GET /api/v1/users"
   */
  @ApiProperty({ maxLength: 300, pattern: '^[\\x20-\\x7e]*$' })
  name: string;
  @ApiProperty(count)
  allowed: number;
  @ApiProperty(count)
  refused: number;
  /** Where there was anything, in the order of time. */
  @ApiProperty({ maxItems: 1_000 })
  series: UsagePointView[];
}

export class UsageView {
  from: Date;
  to: Date;
  by: 'policy' | 'route' | 'caller';
  /** Length of a step of the series. */
  @ApiProperty({ type: 'integer', enum: [60, 3_600], minimum: 60, maximum: 3_600 })
  bucketSeconds: number;
  /** Those with most requests first. */
  @ApiProperty({ maxItems: 50 })
  items: UsageItemView[];

  static of(
    { from, to, bucketSeconds }: UsageSpan,
    by: UsageBy,
    totals: readonly UsageTotal[],
    points: readonly UsagePoint[],
  ): UsageView {
    const items = totals.map((total) => ({
      ...total,
      series: points
        .filter(({ name }) => name === total.name)
        .map(({ at, allowed, refused }) => ({ at, allowed, refused })),
    }));
    return Object.assign(new UsageView(), { from, to, by, bucketSeconds, items });
  }
}
