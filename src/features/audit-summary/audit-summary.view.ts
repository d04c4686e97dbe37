import { ApiProperty } from '@nestjs/swagger';

const count = { type: 'integer', format: 'int64', minimum: 0, maximum: 1e15 } as const;

export class KeyUseView {
  @ApiProperty({ format: 'uuid' })
  apiKeyId: string;
  /** Events that the key made, not requests. */
  @ApiProperty(count)
  events: number;
}

export const anomalyKinds = [
  'failed_sign_ins',
  'administrator_from_new_address',
  'administrator_made',
  'many_refusals',
  'many_failures_from_address',
] as const;

export class AnomalyView {
  @ApiProperty({ enum: anomalyKinds })
  kind: (typeof anomalyKinds)[number];
  /** @example "74 failed sign-ins; the median of the 14 days before is 3" */
  @ApiProperty({ maxLength: 500 })
  text: string;
  /** The user it is about. */
  @ApiProperty({ format: 'uuid' })
  userId: string | null;
  @ApiProperty({ maxLength: 50 })
  address: string | null;
  /** The event that says so, where it is one. */
  @ApiProperty({ format: 'uuid' })
  eventId: string | null;
}

/** A day of the audit trail. */
export class SummaryView {
  /** @example "2026-01-31" */
  @ApiProperty({ maxLength: 10 })
  day: string;
  @ApiProperty(count)
  signIns: number;
  /** Wrong passwords, unknown names, and wrong codes of the second factor. */
  @ApiProperty(count)
  failedSignIns: number;
  /** The same on each of the 14 days before, the last one last. */
  @ApiProperty({ type: 'array', maxItems: 14, items: count })
  failedSignInsBefore: number[];
  /** Addresses from which nothing had come on any day before. */
  @ApiProperty(count)
  newAddresses: number;
  /** Roles given to users or taken from them, and roles made, changed and deleted. */
  @ApiProperty(count)
  roleChanges: number;
  /** API keys that were used most. */
  @ApiProperty({ maxItems: 50 })
  keyUse: KeyUseView[];
  @ApiProperty({ maxItems: 500 })
  anomalies: AnomalyView[];
}
