import { hash } from 'node:crypto';
import { mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { Injectable } from '@nestjs/common';

import { Database } from '../../platform/database/index.js';
import { rootAt, signCheckpoint, TreeBuilder } from '../../platform/transparency-log/index.js';
import { AuditService } from '../audit/index.js';
import { AuditLogRepository, LogKey, LogSnapshots } from '../audit-log/index.js';
import { ArchiveError } from './archive-error.js';
import { type ArchiveFile, hashesIn, writeEntries } from './archive-file.js';
import { EntrySource } from './entry-source.js';
import { KeepingRepository } from './keeping.repository.js';

export interface Archived {
  folder: string;
  from: number;
  to: number;
  files: number;
}

interface Range {
  from: number;
  to: number;
  root: Buffer;
  files: ArchiveFile[];
}

/**
 * Writes what is older than a date to files, from where the last archive ended. Personal data stay
 * sealed in them: whoever is erased later is erased in the archives as well.
 */
@Injectable()
export class Archiver {
  constructor(
    private readonly repository: KeepingRepository,
    private readonly snapshots: LogSnapshots,
    private readonly log: AuditLogRepository,
    private readonly key: LogKey,
    private readonly audit: AuditService,
    private readonly database: Database,
  ) {}

  /**
   * @returns null when nothing is older that is not archived yet
   * @throws ArchiveError when something is in the way, or the log is not what was signed
   */
  async archive(before: Date, parent: string): Promise<Archived | null> {
    const from = await this.repository.archivedEnd();
    const source = new EntrySource(await this.snapshots.take(), {
      from,
      boundary: await this.repository.firstId(before),
    });
    await mkdir(parent, { recursive: true });
    const draft = join(parent, `audit-${padded(from)}.partial`);
    await makeFolder(draft);
    try {
      const range = await this.write(draft, from, source);
      if (range.to === from) return null;
      return await this.finish(draft, parent, range);
    } finally {
      await rm(draft, { recursive: true, force: true }); // renamed when all went well
    }
  }

  private async write(draft: string, from: number, source: EntrySource): Promise<Range> {
    const tree = await TreeBuilder.resume(from, this.log.readTiles);
    const files: ArchiveFile[] = [];
    while (await source.hasMore()) {
      const name = `entries-${padded(tree.size)}.ndjson.gz`;
      files.push(await writeEntries(draft, name, source, tree));
    }
    return { from, to: tree.size, root: tree.root(), files };
  }

  private async finish(draft: string, parent: string, range: Range): Promise<Archived> {
    const { from, to, root, files } = range;
    if (!(await rootAt(to, this.log.readTiles)).equals(root)) {
      throw new ArchiveError('The log is not what was signed: npm run cli -- audit verify');
    }
    const { signer, verifierKey } = this.key;
    const checkpoint = signCheckpoint({ origin: signer.name, size: to, root }, signer);
    const manifest = { version: 1, key: verifierKey, from, to, checkpoint, files };
    const text = `${JSON.stringify(manifest, null, 2)}\n`;
    await writeFile(join(draft, 'manifest.json'), text, { flag: 'wx', flush: true });
    await writeFile(join(draft, 'checkpoint'), checkpoint, { flag: 'wx', flush: true });
    await this.verify(draft, range);
    await sync(draft);
    const folder = join(parent, `audit-${padded(from)}-${padded(to)}`);
    if (await stat(folder).catch(() => null)) throw new ArchiveError(`${folder} exists already`);
    await rename(draft, folder);
    await sync(parent);
    await this.record(range, hash('sha256', text, 'buffer'));
    return { folder, from, to, files: files.length };
  }

  /** What is on the disk, read back. */
  private async verify(draft: string, { from, root, files }: Range): Promise<void> {
    const tree = await TreeBuilder.resume(from, this.log.readTiles);
    for (const { name, sha256 } of files) {
      const bytes = await readFile(join(draft, name));
      if (hash('sha256', bytes) !== sha256) throw new ArchiveError(`${name} was not written whole`);
      for (const each of hashesIn(bytes)) tree.append(each);
    }
    if (!tree.root().equals(root))
      throw new ArchiveError('The files do not hold what was archived');
  }

  private record({ from, to, files }: Range, manifest: Buffer): Promise<void> {
    return this.database.transaction(async () => {
      await this.repository.addArchive(from, to, manifest);
      const manifestSha256 = manifest.toString('hex');
      await this.audit.record('audit.archived', { from, to, files: files.length, manifestSha256 });
    });
  }
}

/** So that names sort as numbers do. */
function padded(index: number): string {
  return String(index).padStart(12, '0');
}

async function makeFolder(path: string): Promise<void> {
  await mkdir(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
    throw new ArchiveError(`${path} exists: another archive is being made, or remove it`);
  });
}

async function sync(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  await handle.sync().finally(() => handle.close());
}
