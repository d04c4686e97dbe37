import { setTimeout as delay } from 'node:timers/promises';

import { Injectable } from '@nestjs/common';

import { AuditConfig } from '../../platform/config/index.js';
import { Database, type OwnerConnection } from '../../platform/database/index.js';
import { AuditService } from '../audit/index.js';
import { AuditLogRepository, Sequencer } from '../audit-log/index.js';
import { KeepingRepository } from './keeping.repository.js';
import { type Ages, PruningRepository, type Removable } from './pruning.repository.js';

export interface Pruned {
  events: number;
  /** Partitions that were empty then. */
  months: string[];
}

/** One entry of the log names so many at most, and one transaction removes them. */
const batch = 5_000;
const patienceMs = 10_000;

/**
 * Removes events whose time is over. The log says first which ones, and keeps their hashes: proofs of
 * before hold, and what is missing without such an entry is found by verifying.
 */
@Injectable()
export class Pruner {
  constructor(
    private readonly repository: KeepingRepository,
    private readonly log: AuditLogRepository,
    private readonly sequencer: Sequencer,
    private readonly audit: AuditService,
    private readonly database: Database,
    private readonly settings: AuditConfig,
  ) {}

  async prune(owner: OwnerConnection, { withoutArchive = false } = {}): Promise<Pruned> {
    const pruning = new PruningRepository(owner);
    const ages: Ages = {
      days: this.settings.retentionDays,
      byCategory: this.settings.retentionByCategory,
      endIndex: withoutArchive ? Number.MAX_SAFE_INTEGER : await this.repository.archivedEnd(),
    };
    let events = 0;
    for (let after: string | null = null; ;) {
      const page: Removable[] = await pruning.removable(after, batch, ages);
      if (page.length === 0) break;
      await this.announce(page);
      events += await pruning.remove(page.map(({ id }) => id));
      after = page.at(-1)!.id;
    }
    await pruning.removeAddresses();
    const months: string[] = [];
    for (const name of await pruning.oldMonths(ages)) {
      if (await pruning.dropIfEmpty(name)) months.push(name);
    }
    return { events, months };
  }

  /** In the log before anything is gone: a crash in between leaves too much, never too little. */
  private async announce(page: readonly Removable[]): Promise<void> {
    const ranges = rangesOf(page.map(({ index }) => index));
    const eventId = await this.database.transaction(async () => {
      await this.audit.record('audit.pruned', {
        ranges: ranges.map(([first, last]) => `${first}-${last}`),
        events: page.length,
      });
      const id = await this.repository.recorded('audit.pruned');
      await this.repository.addPrunings(id, ranges);
      return id;
    });
    for (const until = performance.now() + patienceMs; ; await delay(100)) {
      await this.sequencer.run();
      if ((await this.log.indexOf(eventId)) !== null) return;
      if (performance.now() > until) throw new Error('the audit log is not extended');
    }
  }
}

/** Runs of numbers that follow each other, first and last. */
export function rangesOf(numbers: readonly number[]): [number, number][] {
  const ranges: [number, number][] = [];
  for (const number of [...numbers].sort((one, other) => one - other)) {
    const last = ranges.at(-1);
    if (last?.[1] === number - 1) last[1] = number;
    else ranges.push([number, number]);
  }
  return ranges;
}
