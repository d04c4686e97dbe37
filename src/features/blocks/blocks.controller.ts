import { Controller, Delete, Get, HttpCode, Param, Query } from '@nestjs/common';
import { ApiParam } from '@nestjs/swagger';

import { Access } from '../../platform/access/index.js';
import { Limit } from '../../platform/throttling/limit.decorator.js';
import { type SubjectKey, SubjectParam } from './block.subject.js';
import { BlockListView, BlockView } from './block.view.js';
import { ListBlocks } from './blocks.dto.js';
import { BlocksService } from './blocks.service.js';

const description =
  'Address, /64 of IPv6 with its slash as %2F, or `user:` or `api-key:` with an id.';
const Subject = (): MethodDecorator =>
  ApiParam({ name: 'address', type: String, description, example: '203.0.113.7' });

@Controller('rate-limits/blocks')
@Limit('administration')
export class BlocksController {
  constructor(private readonly blocks: BlocksService) {}

  /** List who is blocked now: networks of strangers, users, API keys. */
  @Get()
  @Access('limits.read')
  list(@Query() request: ListBlocks): Promise<BlockListView> {
    return this.blocks.list(request);
  }

  /**
   * Read one block. Any address of a network finds it.
   * @throws {404} limits.not_blocked
   */
  @Get(':address')
  @Access('limits.read')
  @Subject()
  read(@Param('address', SubjectParam) subject: SubjectKey): Promise<BlockView> {
    return this.blocks.read(subject);
  }

  /**
   * Lift a block, on every instance within a second, and forget those before it.
   * @throws {404} limits.not_blocked
   */
  @Delete(':address')
  @HttpCode(204)
  @Access('limits.update')
  @Subject()
  lift(@Param('address', SubjectParam) subject: SubjectKey): Promise<void> {
    return this.blocks.lift(subject);
  }
}
