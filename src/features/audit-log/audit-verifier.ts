import { Injectable } from '@nestjs/common';

import {
  type Checkpoint,
  emptyRoot,
  hashBytes,
  leafHash,
  NoteError,
  type NoteVerifier,
  openCheckpoint,
  rootAt,
  TreeBuilder,
} from '../../platform/transparency-log/index.js';
import { AuditLogRepository, type StoredEntry } from './audit-log.repository.js';

/** What is wrong with the log, and where it begins. */
export class AuditFinding extends Error {
  constructor(
    /** Place of the first entry that is not what was logged; null when it is no entry's fault. */
    readonly index: number | null,
    message: string,
  ) {
    super(message);
  }
}

export interface Verified {
  size: number;
  root: Buffer;
  /** Events that were removed because their time was over; their hashes are still in the tree. */
  pruned: number;
  /** Committed in the last second: not in the log yet. */
  pending: number;
}

export interface VerifyOptions {
  /** The key to trust; a key read from the database that is checked proves less. */
  key: NoteVerifier;
  /** A checkpoint that was kept elsewhere: the log must still begin with it. */
  kept?: string | undefined;
  progress?: ((done: number, size: number) => void) | undefined;
}

const batch = 8_192; // 32 tiles

/** Recomputes the whole log from the events. Reads only. */
@Injectable()
export class AuditVerifier {
  constructor(private readonly repository: AuditLogRepository) {}

  /** @throws AuditFinding naming the first wrong entry */
  async verify({ key, kept, progress }: VerifyOptions): Promise<Verified> {
    await this.checkColumns();
    const heads = await this.heads(key, kept);
    const newest = heads.at(-1) ?? { origin: key.name, size: 0, root: emptyRoot };
    const tree = await TreeBuilder.resume(0, () => Promise.resolve([]));
    let pruned = 0;
    let next = this.repository.entries(0, Math.min(batch, newest.size));
    while (tree.size < newest.size) {
      const [from, entries] = [tree.size, await next];
      const end = Math.min(from + batch, newest.size);
      next = this.repository.entries(end, Math.min(end + batch, newest.size)); // while we hash
      next.catch(() => undefined); // awaited above, unless a finding comes first
      const stored = await this.hashesOf(from, end);
      for (let index = from; index < end; index++) {
        const hash = stored.subarray((index - from) * hashBytes, (index - from + 1) * hashBytes);
        const entry = entries[index - from];
        if (this.isPruned(entry, index)) pruned++;
        else checkEntry(entry!, index, hash);
        tree.append(hash);
        while (heads[0]?.size === tree.size) checkHead(heads.shift()!, tree);
      }
      progress?.(end, newest.size);
    }
    await this.checkUpperTiles(newest);
    const pending = await this.checkNothingLeftOut();
    return { size: newest.size, root: newest.root, pruned, pending };
  }

  /** All checkpoints that are kept, here and elsewhere, smallest first. */
  private async heads(key: NoteVerifier, kept?: string): Promise<Checkpoint[]> {
    const notes = await this.repository.checkpoints();
    const heads = notes.map((note) => openedHere(note, key));
    const newest = heads.at(-1)?.size ?? 0;
    const size = await this.repository.size();
    if (size !== newest) {
      const message = `the log ends here, and its newest checkpoint has ${newest} entries`;
      throw new AuditFinding(Math.min(size, newest), message);
    }
    if (kept === undefined) return heads;
    const before = openCheckpoint(kept, key);
    if (before.size > newest) {
      throw new AuditFinding(
        newest,
        `the log had ${before.size} entries and has ${newest}: its end was cut off`,
      );
    }
    return [...heads, before].sort((one, other) => one.size - other.size);
  }

  private isPruned(entry: StoredEntry | undefined, index: number): boolean {
    if (entry?.index !== index) {
      throw new AuditFinding(index, 'the entry was removed from the log');
    }
    return entry.leaf === null && entry.pruned;
  }

  /** Level 0 of the tree as it is stored. */
  private async hashesOf(from: number, end: number): Promise<Buffer> {
    const ids = [];
    for (let index = Math.floor(from / 256); index * 256 < end; index++)
      ids.push({ level: 0, index });
    const tiles = await this.repository.readTiles(ids);
    const byIndex = new Map(tiles.map((tile) => [tile.index, tile.hashes]));
    const hashes = ids.map(({ index }) => {
      const tile = byIndex.get(index);
      const width = Math.min(256, end - index * 256);
      if (!tile || tile.length < width * hashBytes) {
        throw new AuditFinding(index * 256, 'the hashes of the tree are incomplete');
      }
      return tile.subarray(0, width * hashBytes);
    });
    return Buffer.concat(hashes);
  }

  private async checkUpperTiles({ size, root }: Checkpoint): Promise<void> {
    const above = await rootAt(size, this.repository.readTiles).catch(() => null);
    if (above?.equals(root)) return;
    throw new AuditFinding(null, 'the upper levels of the stored tree are wrong');
  }

  private async checkNothingLeftOut(): Promise<number> {
    const { unlogged, pending } = await this.repository.unlogged();
    if (unlogged !== null) {
      throw new AuditFinding(null, `the event ${unlogged} was never taken up by the log`);
    }
    return pending;
  }

  private async checkColumns(): Promise<void> {
    if (await this.repository.columnsAreDerived()) return;
    throw new AuditFinding(null, 'the columns of events are no longer derived from what is logged');
  }
}

function openedHere(note: string, key: NoteVerifier): Checkpoint {
  try {
    return openCheckpoint(note, key);
  } catch (error) {
    if (!(error instanceof NoteError)) throw error;
    const size = Number(note.split('\n')[1]);
    throw new AuditFinding(
      null,
      `the checkpoint of size ${size} is not the log's: ${error.message}`,
    );
  }
}

function checkEntry({ leaf, eventId }: StoredEntry, index: number, hash: Buffer): void {
  if (leaf === null) throw new AuditFinding(index, `the event ${eventId} was deleted`);
  const isItsOwn = leaf.includes(`"id":"${eventId}"`);
  if (!isItsOwn || !leafHash(Buffer.from(leaf)).equals(hash)) {
    throw new AuditFinding(index, `the event ${eventId} is not what was logged`);
  }
}

function checkHead({ size, root }: Checkpoint, tree: TreeBuilder): void {
  if (tree.root().equals(root)) return;
  throw new AuditFinding(null, `the first ${size} entries are not those of the checkpoint`);
}
