import { Readable } from 'node:stream';

import { StreamableFile } from '@nestjs/common';

/** An export as a browser saves it. */
export class PersonalDataFile extends StreamableFile {
  static of(pieces: AsyncIterable<string>): PersonalDataFile {
    return new PersonalDataFile(Readable.from(pieces, { objectMode: false }), {
      type: 'application/json; charset=utf-8',
      disposition: 'attachment; filename="my-data.json"',
    });
  }
}
