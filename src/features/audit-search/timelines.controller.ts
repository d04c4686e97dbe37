import { Controller, Get, Param, Query } from '@nestjs/common';

import { Access } from '../../platform/access/index.js';
import { UuidParam } from '../../platform/http/params.js';
import { TimelineView } from './audit-event.view.js';
import { ReadTimeline } from './audit-search.dto.js';
import { AuditSearchService } from './audit-search.service.js';

/** What an investigation asks first. */
@Controller('audit/timelines')
@Access('audit.read')
export class TimelinesController {
  constructor(private readonly events: AuditSearchService) {}

  /** What a user did, by themselves or with an API key, and what was done to them; oldest first. */
  @Get('users/:id')
  ofUser(
    @Param('id', UuidParam) id: string,
    @Query() request: ReadTimeline,
  ): Promise<TimelineView> {
    return this.events.timeline({ about: id }, request);
  }

  /** What came from an address, whoever it was; oldest first. */
  @Get('addresses/:address')
  ofAddress(
    @Param('address') address: string,
    @Query() request: ReadTimeline,
  ): Promise<TimelineView> {
    return this.events.timeline({ ip: address }, request);
  }

  /** All that one request did, by its `X-Request-Id`; oldest first. */
  @Get('requests/:requestId')
  ofRequest(
    @Param('requestId') requestId: string,
    @Query() request: ReadTimeline,
  ): Promise<TimelineView> {
    return this.events.timeline({ requestId }, request);
  }
}
