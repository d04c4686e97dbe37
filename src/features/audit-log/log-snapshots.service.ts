import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';

import {
  hashBytes,
  inclusionProof,
  MissingTileError,
  openCheckpoint,
  type Tile,
  type TileId,
  type TileReader,
  tileWidth,
} from '../../platform/transparency-log/index.js';
import { AuditLogRepository, type StoredEntry } from './audit-log.repository.js';
import { AuditLogService } from './audit-log.service.js';
import { LogKey } from './log-key.service.js';
import { Sequencer } from './sequencer.js';

/** 8 KiB each; neighbours in the log share nearly all of theirs. */
const keptTiles = 256;

/** The log as it is at one checkpoint, whatever is added to it meanwhile. */
export interface LogSnapshot {
  checkpoint: string;
  size: number;
  /** Entries from `start` to `end`, without `end`. */
  entries(start: number, end: number): Promise<StoredEntry[]>;
  /** The inclusion proof of an entry, each hash in base64. */
  proof(index: number): Promise<string[]>;
  /** What an entry hashes to, base64: all that is left of one whose time was over. */
  leafHash(index: number): Promise<string>;
}

/** For those who hand out many entries: tiles that have been read are not read again. */
@Injectable()
export class LogSnapshots {
  constructor(
    private readonly log: AuditLogService,
    private readonly repository: AuditLogRepository,
    private readonly sequencer: Sequencer,
    private readonly key: LogKey,
  ) {}

  /** With everything that has been committed until now. */
  async take(): Promise<LogSnapshot> {
    await this.sequencer.run();
    const checkpoint = await this.log.checkpoint();
    const { size } = openCheckpoint(checkpoint, this.key.verifier);
    const read = remembering(this.repository.readTiles);
    return {
      checkpoint,
      size,
      entries: (start, end) => this.repository.entries(start, Math.min(end, size)),
      proof: async (index) => (await inclusionProof(index, size, read)).map(base64),
      leafHash: async (index) => base64(await leafHashAt(index, read)),
    };
  }
}

/** A tile only grows, so one that was long enough for this tree stays so. */
function remembering(read: TileReader): TileReader {
  const known = new LRUCache<string, Tile>({ max: keptTiles });
  const keyOf = ({ level, index }: TileId): string => `${level}/${index}`;
  return async (ids) => {
    const found = ids.map((id) => known.get(keyOf(id)));
    const missing = ids.filter((_, i) => !found[i]);
    const more = missing.length > 0 ? await read(missing) : [];
    for (const tile of more) known.set(keyOf(tile), tile);
    return [...found.filter((tile) => tile !== undefined), ...more];
  };
}

async function leafHashAt(index: number, read: TileReader): Promise<Buffer> {
  const id = { level: 0, index: Math.floor(index / tileWidth) };
  const [tile] = await read([id]);
  const start = (index % tileWidth) * hashBytes;
  const hash = tile?.hashes.subarray(start, start + hashBytes);
  if (hash?.length !== hashBytes) throw new MissingTileError(id);
  return hash;
}

function base64(hash: Buffer): string {
  return hash.toString('base64');
}
