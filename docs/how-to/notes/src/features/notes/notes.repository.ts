import { Injectable } from '@nestjs/common';
import { LessThan } from 'typeorm';

import { Database } from '../../platform/database/index.js';
import { Note } from './note.entity.js';

/** All SQL of the notes feature. */
@Injectable()
export class NotesRepository {
  constructor(private readonly database: Database) {}

  /** With the time of creation, which the database sets. */
  async insert(note: Pick<Note, 'id' | 'ownerId' | 'text'>): Promise<Note> {
    const inserted = this.database.manager.create(Note, note);
    await this.database.manager.insert(Note, inserted);
    return inserted;
  }

  /** Newest first; those before the note `before` when it is given. */
  page(ownerId: string, before: string | undefined, limit: number): Promise<Note[]> {
    return this.database.manager.find(Note, {
      where: { ownerId, ...(before !== undefined && { id: LessThan(before) }) },
      order: { id: 'DESC' },
      take: limit,
    });
  }

  /** False when this owner has no such note. One statement: two parallel tries cannot both win. */
  async delete(id: string, ownerId: string): Promise<boolean> {
    const row = await this.database.row(
      'DELETE FROM notes WHERE id = $1 AND owner_id = $2 RETURNING id',
      [id, ownerId],
    );
    return row !== undefined;
  }
}
