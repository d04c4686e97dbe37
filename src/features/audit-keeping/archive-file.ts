import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip, gunzipSync } from 'node:zlib';

import { leafHash, type TreeBuilder } from '../../platform/transparency-log/index.js';
import type { EntryLine, EntrySource } from './entry-source.js';

export interface ArchiveFile {
  name: string;
  from: number;
  to: number;
  bytes: number;
  /** Of the file as it is, compressed. */
  sha256: string;
}

/** About 50 MB of lines, which fit into memory when they are read back. */
const entriesPerFile = 50_000;

/** Writes a file of entries to the disk, and their hashes to the tree. */
export async function writeEntries(
  folder: string,
  name: string,
  source: EntrySource,
  tree: TreeBuilder,
): Promise<ArchiveFile> {
  const from = tree.size;
  const digest = createHash('sha256');
  let bytes = 0;
  const meter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      digest.update(chunk);
      bytes += chunk.length;
      done(null, chunk);
    },
  });
  await pipeline(
    Readable.from(linesOf(source, tree)),
    createGzip(),
    meter,
    createWriteStream(join(folder, name), { flags: 'wx', mode: 0o600, flush: true }),
  );
  return { name, from, to: tree.size, bytes, sha256: digest.digest('hex') };
}

/** Leaf hashes of a file, in its order. */
export function* hashesIn(file: Buffer): Generator<Buffer> {
  for (const line of gunzipSync(file).toString().trimEnd().split('\n')) {
    yield hashOf(JSON.parse(line) as EntryLine);
  }
}

async function* linesOf(source: EntrySource, tree: TreeBuilder): AsyncGenerator<string> {
  for (let i = 0; i < entriesPerFile && (await source.hasMore()); i++) {
    const entry = await source.take();
    tree.append(hashOf(entry));
    yield `${JSON.stringify(entry)}\n`;
  }
}

function hashOf(entry: EntryLine): Buffer {
  if (entry.leaf !== undefined) return leafHash(Buffer.from(entry.leaf));
  return Buffer.from(entry.leafHash!, 'base64');
}
