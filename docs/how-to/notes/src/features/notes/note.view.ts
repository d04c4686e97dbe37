import { ApiProperty } from '@nestjs/swagger';

import type { Note } from './note.entity.js';

/** A note, as its owner sees it. */
export class NoteView {
  /** @example "0199a0b0-7c1e-7b52-8f4d-3f1d2c9a6b10" */
  id: string;
  /** @example "Renew the certificate in March" */
  @ApiProperty({ maxLength: 2_000 })
  text: string;
  createdAt: Date;

  static of({ id, text, createdAt }: Note): NoteView {
    return Object.assign(new NoteView(), { id, text, createdAt });
  }
}

export class NoteListView {
  @ApiProperty({ maxItems: 100 })
  items: NoteView[];
  /**
   * Pass it as `cursor` for the next page; null on the last one.
   * @example "0199a0b0-7c1e-7b52-8f4d-3f1d2c9a6b10"
   */
  @ApiProperty({ format: 'uuid' })
  nextCursor: string | null;
}
