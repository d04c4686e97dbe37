import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsIn,
  IsISO8601,
  IsObject,
  IsString,
  Length,
  Matches,
  ValidateNested,
} from 'class-validator';

import { Omittable } from '../../platform/http/omittable.decorator.js';

export class ExternalPartyRequest {
  /** @example "customer" */
  @IsString()
  @Length(1, 50)
  kind: string;

  /** @example "c-4711" */
  @IsString()
  @Length(1, 200)
  id: string;
}

export class ExternalEventRequest {
  /**
   * Of your choice; of two events of a source with the same id the first counts.
   * @example "invoice-2026-0042-paid"
   */
  @IsString()
  @Length(1, 200)
  @Matches(/^[\x21-\x7e]+$/)
  id: string;

  /**
   * When it happened by your clock, where that is not now; kept beside the time of arrival.
   * @example "2026-01-31T09:30:00Z"
   */
  @Omittable()
  @IsISO8601({ strict: true })
  @Length(10, 40)
  time?: string;

  /**
   * What happened: the name of your service, a dot, and the rest.
   * @example "billing.invoice_paid"
   */
  @IsString()
  @Length(3, 100)
  @Matches(/^[a-z][a-z0-9_-]{1,39}(\.[a-z0-9_-]{1,60})+$/)
  action: string;

  /** Who did it, as far as you say; the event itself is yours. */
  @Omittable()
  @ValidateNested()
  @Type(() => ExternalPartyRequest)
  actor?: ExternalPartyRequest;

  /** What it was done to; events are found by its id. */
  @Omittable()
  @ValidateNested()
  @Type(() => ExternalPartyRequest)
  target?: ExternalPartyRequest;

  /** `success` when not given. */
  @Omittable()
  @IsIn(['success', 'failure'])
  outcome?: 'success' | 'failure';

  /** 8 KiB of JSON at most, 8 levels deep; it is kept as it is, so no secrets and nobody's data. */
  @ApiPropertyOptional({ type: 'object', additionalProperties: true })
  @Omittable()
  @IsObject()
  payload?: Record<string, unknown>;
}

export class IngestEvents {
  /** All of them are taken, or none. */
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(100)
  @ValidateNested({ each: true })
  @Type(() => ExternalEventRequest)
  events: ExternalEventRequest[];
}

export class SaveSource {
  /** A JSON Schema of the payload; without references and patterns, 16 KiB at most. */
  @ApiProperty({ type: 'object', additionalProperties: true })
  @IsObject()
  schema: Record<string, unknown>;
}
