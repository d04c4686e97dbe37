import { Controller, Get, Header, Param, Query } from '@nestjs/common';
import { ApiOkResponse } from '@nestjs/swagger';

import { Access } from '../../platform/access/index.js';
import { UuidParam } from '../../platform/http/params.js';
import { CompareSizes } from './audit-log.dto.js';
import { AuditLogService } from './audit-log.service.js';
import { ConsistencyView, ProofView } from './audit-log.view.js';

const schema = { type: 'string', maxLength: 20_000, pattern: '\\n$' } as const;
const plainText = { content: { 'text/plain': { schema } } };

@Controller('audit')
@Access('audit.read')
export class AuditLogController {
  constructor(private readonly log: AuditLogService) {}

  /**
   * Prove that an event is in the log. Whoever has the public key checks it without us; a checkpoint
   * kept elsewhere shows that the log has not been made anew.
   * @throws {404} audit.event_not_found
   * @throws {410} audit.event_pruned
   * @throws {503} audit.not_sequenced
   */
  @Get('events/:id/proof')
  proof(@Param('id', UuidParam) id: string): Promise<ProofView> {
    return this.log.proof(id);
  }

  /** The newest checkpoint: how many entries the log has and what they hash to, signed. */
  @Get('checkpoint')
  @Header('content-type', 'text/plain; charset=utf-8')
  @ApiOkResponse(plainText)
  checkpoint(): Promise<string> {
    return this.log.checkpoint();
  }

  /** Prove that the log still begins with what it was at an earlier checkpoint. */
  @Get('consistency')
  consistency(@Query() { from, to }: CompareSizes): Promise<ConsistencyView> {
    return this.log.consistency(from ?? 0, to);
  }

  /** The key that checkpoints are verified with. Keep it, and compare it with what you are told. */
  @Get('public-key')
  @Access.public()
  @Header('content-type', 'text/plain; charset=utf-8')
  @ApiOkResponse(plainText)
  publicKey(): string {
    return this.log.publicKey();
  }
}
