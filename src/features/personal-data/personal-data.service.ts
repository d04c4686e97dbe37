import { Injectable } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';

import { currentPrincipal } from '../../platform/context/request-context.js';
import {
  HoldsPersonalData,
  type PersonalDataHolder,
  type PersonalDataSection,
} from '../../platform/personal-data/index.js';
import { AuditService } from '../audit/index.js';

/** Collects what all features hold on a user (GDPR articles 15 and 20). */
@Injectable()
export class PersonalDataService {
  constructor(
    private readonly discovery: DiscoveryService,
    private readonly audit: AuditService,
  ) {}

  /** The text of one JSON object with all sections, a piece at a time. */
  async exportOwn(): Promise<AsyncIterable<string>> {
    const { userId } = currentPrincipal();
    await this.audit.record('users.data_exported', {}, { target: { kind: 'user', id: userId } });
    return this.pieces(userId);
  }

  /** Who speaks for what, in the order of the export. */
  sections(): (PersonalDataSection & { holder: PersonalDataHolder })[] {
    return this.discovery
      .getProviders({ metadataKey: HoldsPersonalData.KEY })
      .map((wrapper) => ({
        ...this.discovery.getMetadataByDecorator(HoldsPersonalData, wrapper)!,
        holder: wrapper.instance as PersonalDataHolder,
      }))
      .sort((one, other) => one.section.localeCompare(other.section));
  }

  private async *pieces(userId: string): AsyncGenerator<string> {
    yield `{"exportedAt":${JSON.stringify(new Date())},"data":{`;
    let separator = '\n';
    for (const { section, holder } of this.sections()) {
      yield `${separator}${JSON.stringify(section)}:`;
      separator = ',\n';
      const data = holder.personalDataOf(userId);
      if (Symbol.asyncIterator in data) yield* list(data);
      else yield JSON.stringify((await data) ?? null);
    }
    yield '}}\n';
  }
}

async function* list(parts: AsyncIterable<readonly unknown[]>): AsyncGenerator<string> {
  let separator = '[\n';
  for await (const items of parts) {
    for (const item of items) {
      yield `${separator}${JSON.stringify(item)}`;
      separator = ',\n';
    }
  }
  yield separator === ',\n' ? ']' : '[]';
}
