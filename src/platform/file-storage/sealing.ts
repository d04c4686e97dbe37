import { createCipheriv, createDecipheriv } from 'node:crypto';
import { Transform, type TransformCallback } from 'node:stream';

/**
 * Files are sealed in pieces, so that none is ever in memory as a whole and any part can be read:
 * AES-256-GCM per piece with a key that is used for one file only. The nonce counts the pieces and
 * marks the last one, so that none can be taken away, added or moved (the STREAM construction of
 * Hoang, Reyhanitabar, Rogaway and Vizár, 2015); the file's id is associated data.
 */
const pieceBytes = 65_536;
const tagBytes = 16;
const sealedPieceBytes = pieceBytes + tagBytes;

export interface SealedFile {
  id: string;
  /** 32 bytes, of this file alone. */
  key: Buffer;
  /** Bytes before sealing. */
  size: number;
}

export function sealedSize(size: number): number {
  return size + piecesOf(size) * tagBytes;
}

/** An empty file is one empty piece. */
function piecesOf(size: number): number {
  return Math.max(1, Math.ceil(size / pieceBytes));
}

function nonceOf(index: number, last: boolean): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeUInt32BE(index, 7);
  nonce[11] = last ? 1 : 0;
  return nonce;
}

/** Seals what is written to it. */
export class Sealing extends Transform {
  private waiting: Buffer[] = [];
  private waitingBytes = 0;
  private index = 0;

  constructor(private readonly file: Omit<SealedFile, 'size'>) {
    super();
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.waiting.push(chunk);
    this.waitingBytes += chunk.length;
    // A full piece waits until it is known not to be the last one.
    while (this.waitingBytes > pieceBytes) this.push(this.seal(this.taken(pieceBytes), false));
    done();
  }

  override _flush(done: TransformCallback): void {
    this.push(this.seal(this.taken(this.waitingBytes), true));
    done();
  }

  private taken(length: number): Buffer {
    const all = this.waiting.length === 1 ? this.waiting[0]! : Buffer.concat(this.waiting);
    this.waiting = [all.subarray(length)];
    this.waitingBytes = all.length - length;
    return all.subarray(0, length);
  }

  private seal(piece: Buffer, last: boolean): Buffer {
    const { key, id } = this.file;
    const cipher = createCipheriv('aes-256-gcm', key, nonceOf(this.index++, last));
    cipher.setAAD(Buffer.from(id));
    return Buffer.concat([cipher.update(piece), cipher.final(), cipher.getAuthTag()]);
  }
}

/** @throws Error when the piece is not the one that was sealed at this place */
function openPiece({ id, key, size }: SealedFile, sealed: Buffer, index: number): Buffer {
  const last = index === piecesOf(size) - 1;
  const decipher = createDecipheriv('aes-256-gcm', key, nonceOf(index, last), {
    authTagLength: tagBytes,
  });
  decipher.setAAD(Buffer.from(id)).setAuthTag(sealed.subarray(-tagBytes));
  return Buffer.concat([decipher.update(sealed.subarray(0, -tagBytes)), decipher.final()]);
}

/**
 * Opens a sealed file as it is read.
 * @throws Error when it was changed, cut or prolonged
 */
export async function* unsealed(
  source: AsyncIterable<Buffer>,
  file: SealedFile,
): AsyncGenerator<Buffer> {
  const total = sealedSize(file.size);
  let waiting: Buffer[] = [];
  let bytes = 0;
  let index = 0;
  let seen = 0;
  for await (const chunk of source) {
    waiting.push(chunk);
    bytes += chunk.length;
    seen += chunk.length;
    if (seen > total) break;
    if (bytes < sealedPieceBytes && seen < total) continue;
    let all = Buffer.concat(waiting);
    while (all.length >= sealedPieceBytes || (seen === total && all.length > 0)) {
      yield openPiece(file, all.subarray(0, sealedPieceBytes), index++);
      all = all.subarray(sealedPieceBytes);
    }
    waiting = [all];
    bytes = all.length;
  }
  if (seen !== total)
    throw new Error(`the file ${file.id} does not have the size it was kept with`);
}

/** Reads sealed bytes from a place; fewer only at the end. */
export type ReadAt = (position: number, length: number) => Promise<Buffer>;

/** Reads any part of a sealed file without reading what is before it. */
export async function readUnsealed(
  readAt: ReadAt,
  file: SealedFile,
  position: number,
  length: number,
): Promise<Buffer> {
  const end = Math.min(position + length, file.size);
  if (position >= end) return Buffer.alloc(0);
  const first = Math.floor(position / pieceBytes);
  const beyond = Math.ceil(end / pieceBytes);
  const sealed = await readAt(first * sealedPieceBytes, (beyond - first) * sealedPieceBytes);
  const pieces: Buffer[] = [];
  for (let index = first; index < beyond; index++) {
    const start = (index - first) * sealedPieceBytes;
    pieces.push(openPiece(file, sealed.subarray(start, start + sealedPieceBytes), index));
  }
  const skipped = first * pieceBytes;
  return Buffer.concat(pieces).subarray(position - skipped, end - skipped);
}
