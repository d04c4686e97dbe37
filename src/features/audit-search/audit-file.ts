import { Readable } from 'node:stream';

import { StreamableFile } from '@nestjs/common';

const mediaTypes = {
  ndjson: 'application/x-ndjson; charset=utf-8',
  csv: 'text/csv; charset=utf-8',
} as const;

/** An export on its way: a piece is made when the one before has been taken. */
export class AuditFile extends StreamableFile {
  static of(pieces: AsyncIterable<string>, format: keyof typeof mediaTypes): AuditFile {
    return new AuditFile(Readable.from(pieces, { objectMode: false }), {
      type: mediaTypes[format],
      disposition: `attachment; filename="audit.${format}"`,
    });
  }
}
