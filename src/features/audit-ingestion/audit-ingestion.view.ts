import { ApiProperty } from '@nestjs/swagger';

export class IngestedView {
  /**
   * As you named it.
   * @example "invoice-2026-0042-paid"
   */
  @ApiProperty({ maxLength: 200 })
  id: string;
  /** The event in the audit trail. */
  @ApiProperty({ format: 'uuid' })
  eventId: string;
  /** False when it was there before. */
  created: boolean;
}

export class IngestedListView {
  /** In the order of the request. */
  @ApiProperty({ maxItems: 100 })
  items: IngestedView[];
}

/** A service whose payloads are checked. */
export class AuditSourceView {
  /** @example "billing" */
  @ApiProperty({ maxLength: 40 })
  name: string;
  @ApiProperty({ type: 'object', additionalProperties: true })
  schema: Record<string, unknown>;
  updatedAt: Date;
}

export class AuditSourceListView {
  @ApiProperty({ maxItems: 1_000 })
  items: AuditSourceView[];
}
