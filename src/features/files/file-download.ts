import type { Readable } from 'node:stream';

import { applyDecorators, Header, StreamableFile } from '@nestjs/common';
import { ApiOkResponse } from '@nestjs/swagger';
import { create } from 'content-disposition';

import { fileTypes } from '../../catalogue/file-types.js';
import type { File } from './files.repository.js';

/** Whatever it is: no script runs, nothing loads, and it is not part of any page or origin. */
const inert =
  "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; object-src 'none'; sandbox";

const mediaTypes = [...new Set(Object.values(fileTypes).map(({ mediaType }) => mediaType))];
const bytes = { schema: { type: 'string', format: 'binary', maxLength: 1_073_741_824 } } as const;

/** A file as something to save, never to show (ASVS V3.2.1, V5.4.1, V5.4.2). */
export class FileDownload extends StreamableFile {
  static of({ name, type, size }: File, content: Readable): FileDownload {
    return new FileDownload(content, {
      type: fileTypes[type].mediaType,
      disposition: create(name, { type: 'attachment' }), // RFC 6266, RFC 8187
      length: size,
    });
  }
}

/** What the answer of a download has beside what all have. CSP_API does not loosen it. */
export function Inert(): MethodDecorator {
  return applyDecorators(
    Header('content-security-policy', inert),
    ApiOkResponse({ content: Object.fromEntries(mediaTypes.map((type) => [type, bytes])) }),
  );
}
