import { Injectable } from '@nestjs/common';

import { AuditReader, AuditService, type ReadEvent } from '../audit/index.js';
import { type ExportedEntry, type LogSnapshot, LogSnapshots } from '../audit-log/index.js';
import { csvHeader, csvLine } from './audit-csv.js';
import { AuditFile } from './audit-file.js';
import type { ExportEvents } from './audit-search.dto.js';
import { AuditSearchRepository } from './audit-search.repository.js';
import { filtersOf, searchOf } from './filters.js';
import type { EventSearch } from './search.query.js';

const pageSize = 500;

/** A place in the log; the leaf is null when its time was over. */
interface Entry {
  leafIdx: number;
  leaf: string | null;
}

/** Hands the trail out so that somebody else can check it. */
@Injectable()
export class AuditExportService {
  constructor(
    private readonly repository: AuditSearchRepository,
    private readonly snapshots: LogSnapshots,
    private readonly reader: AuditReader,
    private readonly audit: AuditService,
  ) {}

  async export({ format = 'ndjson', proofs, ...request }: ExportEvents): Promise<AuditFile> {
    const search = searchOf(request);
    const filters = filtersOf(search);
    const proved = format === 'ndjson' && (proofs === true || filters.length > 0);
    await this.audit.record('audit.exported', { format, filters, proofs: proved });
    const log = await this.snapshots.take();
    const entries = filters.length > 0 ? this.filtered(log, search) : whole(log);
    const pieces = format === 'csv' ? this.table(entries) : this.lines(entries, log, proved);
    return AuditFile.of(pieces, format);
  }

  /** Only what the checkpoint covers; the rest is in the next export. */
  private async *filtered(log: LogSnapshot, search: EventSearch): AsyncGenerator<Entry[]> {
    let after: string | undefined;
    do {
      const page = { order: 'oldest first', after, limit: pageSize } as const;
      const found = await this.repository.find(search, page);
      yield found.flatMap(({ leafIdx, leaf }) =>
        leafIdx !== null && leafIdx < log.size ? [{ leafIdx, leaf }] : [],
      );
      after = found.length === pageSize ? found.at(-1)!.id : undefined;
    } while (after !== undefined);
  }

  private async *lines(
    pages: AsyncIterable<Entry[]>,
    log: LogSnapshot,
    proved: boolean,
  ): AsyncGenerator<string> {
    for await (const page of pages) {
      const events = await this.events(page);
      const lines: string[] = [];
      for (const [i, { leafIdx, leaf }] of page.entries()) {
        const entry: ExportedEntry = {
          leafIdx,
          ...(leaf === null
            ? { leafHash: await log.leafHash(leafIdx) }
            : { leaf, event: { ...events[i] } }),
          ...(proved && { proof: await log.proof(leafIdx) }),
        };
        lines.push(`${JSON.stringify(entry)}\n`);
      }
      if (lines.length > 0) yield lines.join('');
    }
    yield `${JSON.stringify({ checkpoint: log.checkpoint })}\n`;
  }

  private async *table(pages: AsyncIterable<Entry[]>): AsyncGenerator<string> {
    yield csvHeader;
    for await (const page of pages) {
      const events = await this.events(page);
      const lines = page.map(({ leafIdx }, i) => csvLine(leafIdx, events[i] ?? null));
      if (lines.length > 0) yield lines.join('');
    }
  }

  /** In the places of their entries. */
  private async events(page: readonly Entry[]): Promise<(ReadEvent | undefined)[]> {
    const read = await this.reader.read(page.flatMap(({ leaf }) => leaf ?? []));
    return page.map(({ leaf }) => (leaf === null ? undefined : read.shift()));
  }
}

async function* whole(log: LogSnapshot): AsyncGenerator<Entry[]> {
  for (let start = 0; start < log.size; start += pageSize) {
    const entries = await log.entries(start, start + pageSize);
    yield entries.map(({ index, leaf }) => ({ leafIdx: index, leaf }));
  }
}
