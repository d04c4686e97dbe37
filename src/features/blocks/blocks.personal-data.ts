import { Injectable } from '@nestjs/common';

import { HoldsPersonalData, type PersonalDataHolder } from '../../platform/personal-data/index.js';
import { BlocksRepository } from './blocks.repository.js';

/** Blocks of the user and of their API keys; those of addresses belong to nobody. */
@Injectable()
@HoldsPersonalData({ section: 'limitBlocks', tables: ['limit_blocks'] })
export class BlockPersonalData implements PersonalDataHolder {
  constructor(private readonly blocks: BlocksRepository) {}

  personalDataOf(userId: string): Promise<unknown> {
    return this.blocks.of(userId);
  }
}
