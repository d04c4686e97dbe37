import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';

import { currentPrincipal } from '../../platform/context/request-context.js';
import { Database } from '../../platform/database/index.js';
import { AppError } from '../../platform/errors/app-error.js';
import { AuditService } from '../audit/index.js';
import { NoteListView, NoteView } from './note.view.js';
import type { CreateNote, ListNotes } from './notes.dto.js';
import { NotesRepository } from './notes.repository.js';

const defaultPageSize = 20;

/** Notes that users keep for themselves. */
@Injectable()
export class NotesService {
  constructor(
    private readonly database: Database,
    private readonly notes: NotesRepository,
    private readonly audit: AuditService,
  ) {}

  async create({ text }: CreateNote): Promise<NoteView> {
    const { userId } = currentPrincipal();
    return this.database.transaction(async () => {
      const note = await this.notes.insert({ id: uuidv7(), ownerId: userId, text });
      await this.audit.record('notes.created', { noteId: note.id });
      return NoteView.of(note);
    });
  }

  async listOwn({ cursor, limit = defaultPageSize }: ListNotes): Promise<NoteListView> {
    const { userId } = currentPrincipal();
    const found = await this.notes.page(userId, cursor, limit + 1);
    const page = found.slice(0, limit);
    return {
      items: page.map(NoteView.of),
      nextCursor: found.length > limit ? page.at(-1)!.id : null,
    };
  }

  /** @throws AppError `notes.not_found`, also for a note of somebody else */
  async deleteOwn(id: string): Promise<void> {
    const { userId } = currentPrincipal();
    await this.database.transaction(async () => {
      if (!(await this.notes.delete(id, userId))) throw new AppError('notes.not_found');
      await this.audit.record('notes.deleted', { noteId: id });
    });
  }
}
