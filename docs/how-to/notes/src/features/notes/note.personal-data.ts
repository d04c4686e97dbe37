import { Injectable } from '@nestjs/common';

import { HoldsPersonalData, type PersonalDataHolder } from '../../platform/personal-data/index.js';
import { NoteView } from './note.view.js';
import { NotesRepository } from './notes.repository.js';

const pageSize = 100;

@Injectable()
@HoldsPersonalData({ section: 'notes', tables: ['notes'] })
export class NotePersonalData implements PersonalDataHolder {
  constructor(private readonly notes: NotesRepository) {}

  /** A page at a time, so that memory does not grow with the number of notes. */
  async *personalDataOf(userId: string): AsyncGenerator<NoteView[]> {
    let last: string | undefined;
    do {
      const page = await this.notes.page(userId, last, pageSize);
      yield page.map(NoteView.of);
      last = page.length === pageSize ? page.at(-1)!.id : undefined;
    } while (last !== undefined);
  }
}
