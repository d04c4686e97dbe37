import { Readable } from 'node:stream';

import {
  type Entry,
  fromBufferPromise,
  fromRandomAccessReaderPromise,
  type Options,
  RandomAccessReader,
  type ZipFile,
} from 'yauzl';

import type { AppError } from '../errors/app-error.js';
import { type FileContent, piecesOf } from './file-content.js';
import { rejected } from './rejection.js';

export interface ArchiveLimits {
  entries: number;
  /** Unpacked, of all entries together, nested archives included. */
  bytes: number;
}

/** More than this is not text that compresses well but a bomb; deflate can do 1032 : 1. */
const maxRatio = 200;
/** Small files may be all zeros. */
const ratioCountsFrom = 1_048_576;
/** Archives in archives are unpacked into memory to be looked at: so much, and so deep. */
const maxNestedBytes = 8_388_608;
const maxDepth = 2;
const symbolicLink = 0o120000;
const signature = Buffer.from('PK\x03\x04', 'latin1');

const options: Options = { lazyEntries: true, autoClose: false, strictFileNames: true };

/** What is left of the limits; nested archives draw on the same. */
interface Budget {
  entries: number;
  bytes: number;
}

/**
 * Walks a ZIP archive and unpacks everything once, for what the directory says may be a lie. Gives
 * the names of its entries.
 * @throws AppError `files.content_refused` naming the rule: too many entries, too large, too deep,
 *   names that leave the folder, links, passwords, anything that does not unpack
 */
export async function checkArchive(
  content: FileContent,
  { entries, bytes }: ArchiveLimits,
): Promise<ReadonlySet<string>> {
  const archive = await opened(() =>
    fromRandomAccessReaderPromise(new ContentReader(content), content.size, options),
  );
  return walk(archive, content.size, { entries, bytes }, 1);
}

async function walk(
  archive: ZipFile,
  size: number,
  budget: Budget,
  depth: number,
): Promise<ReadonlySet<string>> {
  const names = new Set<string>();
  let unpacked = 0;
  try {
    if (archive.entryCount > budget.entries) throw tooMany();
    for await (const entry of archive.eachEntry()) {
      if (--budget.entries < 0) throw tooMany();
      checkEntry(entry);
      names.add(entry.fileName);
      unpacked += entry.uncompressedSize;
      budget.bytes -= entry.uncompressedSize;
      if (budget.bytes < 0) throw refused('archive_size', 'is too large when unpacked');
      if (unpacked > ratioCountsFrom && unpacked > size * maxRatio) {
        throw refused('archive_ratio', `unpacks to more than ${maxRatio} times its size`);
      }
      if (!entry.fileName.endsWith('/')) await unpack(archive, entry, budget, depth);
    }
    return names;
  } catch (error) {
    throw asRefusal(error);
  } finally {
    archive.close();
  }
}

function checkEntry(entry: Entry): void {
  if (entry.isEncrypted()) throw refused('archive_password', 'has entries with a password');
  const kind = (entry.externalFileAttributes >>> 16) & 0o170000;
  if (kind === symbolicLink) throw refused('archive_link', 'has links in it');
  if (/(^|\/)vbaproject\.bin$/i.test(entry.fileName)) throw refused('macros', 'has macros in it');
}

/** Reads an entry to its end: yauzl fails when it is longer than the directory says. */
async function unpack(
  archive: ZipFile,
  entry: Entry,
  budget: Budget,
  depth: number,
): Promise<void> {
  const stream = await archive.openReadStreamPromise(entry);
  const kept: Buffer[] = [];
  let nested = false;
  let first = true;
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      if (first) nested = chunk.subarray(0, signature.length).equals(signature);
      first = false;
      if (!nested) continue;
      if (depth >= maxDepth || entry.uncompressedSize > maxNestedBytes) {
        throw refused('archive_depth', 'has an archive in it that is too deep or too large');
      }
      kept.push(chunk);
    }
  } finally {
    stream.destroy();
  }
  if (!nested) return;
  const inner = Buffer.concat(kept);
  const archiveInside = await opened(() => fromBufferPromise(inner, options));
  await walk(archiveInside, inner.length, budget, depth + 1);
}

async function opened(open: () => Promise<ZipFile>): Promise<ZipFile> {
  try {
    return await open();
  } catch (error) {
    throw asRefusal(error);
  }
}

/** yauzl reads our content through this. */
class ContentReader extends RandomAccessReader {
  constructor(private readonly content: FileContent) {
    super();
  }

  override _readStreamForRange(start: number, end: number): Readable {
    return Readable.from(piecesOf(this.content, start, end), { objectMode: false });
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    done: (error: Error | null, bytesRead?: number) => void,
  ): void {
    this.content.read(position, length).then(
      (bytes) => done(null, bytes.copy(buffer, offset)),
      (error: unknown) => done(new StorageFailure(error)),
    );
  }
}

/** Not the archive's fault. */
class StorageFailure extends Error {
  constructor(cause: unknown) {
    super('the file cannot be read', { cause });
  }
}

function refused(rule: string, message: string): AppError {
  return rejected('files.content_refused', rule, message);
}

function tooMany(): AppError {
  return refused('archive_entries', 'has too many entries');
}

/** What yauzl and zlib say of an archive may quote names in it: only what kind it is goes out. */
function asRefusal(error: unknown): Error {
  const { name, message } = error as Error;
  if (error instanceof StorageFailure || name === 'AppError') return error as Error;
  const traverses = /absolute path|relative path|invalid characters in fileName/.test(message);
  return traverses
    ? refused('archive_names', 'has names in it that lead out of a folder')
    : refused('archive', 'is not a ZIP archive that can be unpacked');
}
