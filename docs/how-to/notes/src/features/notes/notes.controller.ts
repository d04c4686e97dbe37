import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common';

import { Access } from '../../platform/access/index.js';
import { UuidParam } from '../../platform/http/params.js';
import { Idempotent } from '../../platform/idempotency/index.js';
import { NoteListView, NoteView } from './note.view.js';
import { CreateNote, ListNotes } from './notes.dto.js';
import { NotesService } from './notes.service.js';

@Controller('notes')
export class NotesController {
  constructor(private readonly notes: NotesService) {}

  /** Write a note down. */
  @Post()
  @Access.signedIn()
  @Idempotent()
  create(@Body() request: CreateNote): Promise<NoteView> {
    return this.notes.create(request);
  }

  /** List your notes, newest first. */
  @Get()
  @Access.signedIn()
  list(@Query() request: ListNotes): Promise<NoteListView> {
    return this.notes.listOwn(request);
  }

  /**
   * Delete one of your notes.
   * @throws {404} notes.not_found
   */
  @Delete(':id')
  @Access.signedIn()
  @HttpCode(204)
  delete(@Param('id', UuidParam) id: string): Promise<void> {
    return this.notes.deleteOwn(id);
  }
}
