import type { LogSnapshot, StoredEntry } from '../audit-log/index.js';
import { ArchiveError } from './archive-error.js';

const batch = 8_192;

/** A line of an archive, as `audit verify --export` reads it. */
export interface EntryLine {
  leafIdx: number;
  leaf?: string;
  /** What is left of an event that was pruned before. */
  leafHash?: string;
}

/** Entries of the log one after the other, up to the first one that is not older than a time. */
export class EntrySource {
  private page: StoredEntry[] = [];
  private next: number;
  private ended = false;

  constructor(
    private readonly log: LogSnapshot,
    private readonly range: { from: number; boundary: string },
  ) {
    this.next = range.from;
  }

  async hasMore(): Promise<boolean> {
    if (this.page.length === 0 && !this.ended) await this.fill();
    return this.page.length > 0;
  }

  /** @throws ArchiveError when there is no such event, and nothing says that it was pruned */
  async take(): Promise<EntryLine> {
    const { index, leaf, pruned } = this.page.shift()!;
    if (leaf !== null) return { leafIdx: index, leaf };
    if (!pruned) {
      throw new ArchiveError(`Entry ${index} was deleted: npm run cli -- audit verify`);
    }
    return { leafIdx: index, leafHash: await this.log.leafHash(index) };
  }

  private async fill(): Promise<void> {
    const read = await this.log.entries(this.next, this.next + batch);
    const end = read.findIndex(({ eventId }) => eventId >= this.range.boundary);
    this.ended = end !== -1 || read.length < batch;
    this.page = end === -1 ? read : read.slice(0, end);
    this.next += this.page.length;
  }
}
