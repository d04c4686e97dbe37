import { hash } from 'node:crypto';

import { Injectable } from '@nestjs/common';

import { Database } from '../../platform/database/index.js';
import { AppError, invalid } from '../../platform/errors/app-error.js';
import { AuditService } from '../audit/index.js';
import { AuditIngestionRepository } from './audit-ingestion.repository.js';
import type { AuditSourceListView, AuditSourceView } from './audit-ingestion.view.js';
import { problemOfSchema } from './payload-schema.js';
import { isOwnName } from './external-event.policy.js';

/** What the payloads of other services must look like. A source without a schema is not checked. */
@Injectable()
export class AuditSourcesService {
  constructor(
    private readonly database: Database,
    private readonly repository: AuditIngestionRepository,
    private readonly audit: AuditService,
  ) {}

  async list(): Promise<AuditSourceListView> {
    return { items: await this.repository.sources(null) };
  }

  /** @throws AppError `audit.source_not_found` */
  async read(name: string): Promise<AuditSourceView> {
    const [source] = await this.repository.sources([name]);
    if (!source) throw new AppError('audit.source_not_found');
    return source;
  }

  async save(name: string, schema: Record<string, unknown>): Promise<AuditSourceView> {
    if (!/^[a-z][a-z0-9_-]{1,39}$/.test(name) || isOwnName(name)) {
      throw invalid('/path/name', 'isSource', 'must be the name of another service');
    }
    const problem = problemOfSchema(schema);
    if (problem) throw invalid('/schema', 'isSchema', problem);
    const schemaSha256 = hash('sha256', JSON.stringify(schema));
    return this.database.transaction(async () => {
      const created = await this.repository.saveSource(name, schema);
      await this.audit.record('audit.source_saved', { source: name, created, schemaSha256 });
      return this.read(name);
    });
  }

  /** @throws AppError `audit.source_not_found` */
  async delete(name: string): Promise<void> {
    await this.database.transaction(async () => {
      if (!(await this.repository.deleteSource(name))) {
        throw new AppError('audit.source_not_found');
      }
      await this.audit.record('audit.source_removed', { source: name });
    });
  }
}
