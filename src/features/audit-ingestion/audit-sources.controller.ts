import { Body, Controller, Delete, Get, HttpCode, Param, Put } from '@nestjs/common';

import { Access } from '../../platform/access/index.js';
import { SaveSource } from './audit-ingestion.dto.js';
import { AuditSourceListView, AuditSourceView } from './audit-ingestion.view.js';
import { AuditSourcesService } from './audit-sources.service.js';

@Controller('audit/sources')
@Access('audit.manage_sources')
export class AuditSourcesController {
  constructor(private readonly sources: AuditSourcesService) {}

  /** List the services whose payloads are checked. */
  @Get()
  list(): Promise<AuditSourceListView> {
    return this.sources.list();
  }

  /**
   * Read what the payloads of a service must look like.
   * @throws {404} audit.source_not_found
   */
  @Get(':name')
  read(@Param('name') name: string): Promise<AuditSourceView> {
    return this.sources.read(name);
  }

  /** Lay down what the payloads of a service must look like. Events that are there stay. */
  @Put(':name')
  save(@Param('name') name: string, @Body() { schema }: SaveSource): Promise<AuditSourceView> {
    return this.sources.save(name, schema);
  }

  /**
   * Stop checking the payloads of a service.
   * @throws {404} audit.source_not_found
   */
  @Delete(':name')
  @HttpCode(204)
  delete(@Param('name') name: string): Promise<void> {
    return this.sources.delete(name);
  }
}
