import { Injectable } from '@nestjs/common';

import { HoldsPersonalData, type PersonalDataHolder } from '../../platform/personal-data/index.js';
import { ApiKeyView } from './api-key.view.js';
import { ApiKeysRepository } from './api-keys.repository.js';

@Injectable()
@HoldsPersonalData({ section: 'apiKeys', tables: ['api_keys'] })
export class ApiKeyPersonalData implements PersonalDataHolder {
  constructor(private readonly keys: ApiKeysRepository) {}

  async personalDataOf(userId: string): Promise<unknown> {
    return (await this.keys.of(userId)).map(ApiKeyView.of);
  }
}
