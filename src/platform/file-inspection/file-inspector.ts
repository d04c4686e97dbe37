import { Injectable } from '@nestjs/common';
import { fileTypeFromBuffer } from 'file-type';

import { type FileType, type FileTypeName, fileTypes } from '../../catalogue/file-types.js';
import { FilesConfig } from '../config/index.js';
import { checkArchive } from './archives.js';
import type { FileContent } from './file-content.js';
import { extensionOf } from './file-name.js';
import { checkPixels } from './images.js';
import { rejected } from './rejection.js';
import { checkText } from './text.js';

const headBytes = 4_100; // what file-type wants
/** A ZIP archive ends in its directory, and a comment of 64 kB at most. */
const tailBytes = 65_557;
const directoryEnd = Buffer.from('PK\x05\x06', 'latin1');

/**
 * Says what an uploaded file is. Its extension has to be on the list, its first bytes have to be
 * those of such a file, and each kind is looked at for what is dangerous in it (ASVS V5.2.2,
 * V5.2.3, V5.2.6). What the client says about its type does not count.
 */
@Injectable()
export class FileInspector {
  constructor(private readonly settings: FilesConfig) {}

  /**
   * By its name, before anything of it is read.
   * @throws AppError `files.type_not_allowed`
   */
  typeOf(name: string): FileTypeName {
    const extension = extensionOf(name).toLowerCase();
    if (this.settings.types.includes(extension)) return extension as FileTypeName;
    const message = `must be one of: ${this.settings.types.join(', ')}`;
    throw rejected('files.type_not_allowed', 'extension', message);
  }

  /** @throws AppError `files.type_not_allowed`, `files.content_refused` */
  async inspect(content: FileContent, type: FileTypeName): Promise<void> {
    const { kind, mediaType, mark }: FileType = fileTypes[type];
    const found = await signatureOf(await content.read(0, headBytes));
    if (found !== expected(kind, mediaType)) throw disagrees(type);
    if (kind === 'text') await checkText(content);
    if (kind === 'image') await checkPixels(content, this.settings.maxPixels);
    if (kind === 'archive') {
      const { archiveEntries: entries, archiveBytes: bytes } = this.settings;
      const names = await checkArchive(content, { entries, bytes });
      if (mark !== undefined && !names.has(mark)) throw disagrees(type);
    } else if (await endsLikeAnArchive(content)) {
      throw rejected('files.content_refused', 'polyglot', 'is an archive as well');
    }
  }
}

/** All documents that are archives count as `application/zip`: what is in them decides later. */
function expected(kind: FileType['kind'], mediaType: string): string | undefined {
  if (kind === 'text') return undefined;
  return kind === 'archive' ? 'application/zip' : mediaType;
}

async function signatureOf(head: Buffer): Promise<string | undefined> {
  if (head.subarray(0, 4).equals(Buffer.from('PK\x03\x04', 'latin1'))) return 'application/zip';
  if (head.subarray(0, 4).equals(directoryEnd)) return 'application/zip'; // an empty one
  return (await fileTypeFromBuffer(head))?.mime;
}

async function endsLikeAnArchive(content: FileContent): Promise<boolean> {
  const start = Math.max(0, content.size - tailBytes);
  const tail = await content.read(start, tailBytes);
  for (let at = tail.indexOf(directoryEnd); at >= 0; at = tail.indexOf(directoryEnd, at + 1)) {
    if (at + 22 <= tail.length && tail.readUInt16LE(at + 20) === tail.length - at - 22) return true;
  }
  return false;
}

function disagrees(type: FileTypeName): Error {
  return rejected('files.type_not_allowed', 'content', `is not what the extension ${type} says`);
}
