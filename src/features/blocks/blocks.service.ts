import { Injectable } from '@nestjs/common';

import { Database } from '../../platform/database/index.js';
import { AppError, invalid } from '../../platform/errors/app-error.js';
import { AuditService } from '../audit/index.js';
import { BlockKeeper } from './block-keeper.js';
import { type SubjectKey, subjectOf, subjectText } from './block.subject.js';
import { BlockListView, BlockView } from './block.view.js';
import type { ListBlocks } from './blocks.dto.js';
import { BlocksRepository } from './blocks.repository.js';

const defaultPageSize = 20;

/** Blocks as administrators see and lift them. */
@Injectable()
export class BlocksService {
  constructor(
    private readonly database: Database,
    private readonly blocks: BlocksRepository,
    private readonly keeper: BlockKeeper,
    private readonly audit: AuditService,
  ) {}

  async list({ cursor, limit = defaultPageSize }: ListBlocks): Promise<BlockListView> {
    const after = cursor === undefined ? undefined : subjectOf(cursor);
    if (cursor !== undefined && !after) {
      throw invalid('/query/cursor', 'cursor', 'must be the nextCursor of a page');
    }
    const found = await this.blocks.page(after, limit + 1);
    const items = found.slice(0, limit).map(BlockView.of);
    const nextCursor = found.length > limit ? items.at(-1)!.subject : null;
    return Object.assign(new BlockListView(), { items, nextCursor });
  }

  /** @throws AppError `limits.not_blocked` */
  async read(subject: SubjectKey): Promise<BlockView> {
    const block = await this.blocks.find(subject);
    if (!block) throw new AppError('limits.not_blocked');
    return BlockView.of(block);
  }

  /** @throws AppError `limits.not_blocked` */
  async lift(subject: SubjectKey): Promise<void> {
    await this.database.transaction(async () => {
      if (!(await this.blocks.lift(subject))) throw new AppError('limits.not_blocked');
      const target = { kind: 'block', id: subjectText(subject) } as const;
      await this.audit.record('limits.unblocked', {}, { target });
      await this.keeper.changed();
    });
    await this.keeper.refresh(); // who lifted it finds it lifted here
  }
}
