import { Readable } from 'node:stream';

import { Controller, Get, StreamableFile } from '@nestjs/common';
import { ApiOkResponse } from '@nestjs/swagger';

import { Access } from '../../platform/access/index.js';
import { Limit } from '../../platform/throttling/limit.decorator.js';
import { PersonalDataService } from './personal-data.service.js';

@Controller('users/me/export')
export class PersonalDataController {
  constructor(private readonly data: PersonalDataService) {}

  /** Everything that is held on you, as one JSON file: account, sessions, keys, audit events. */
  @Get()
  @Access.signedIn()
  @Limit('export')
  @ApiOkResponse({ content: { 'application/json': { schema: { type: 'object' } } } })
  async export(): Promise<StreamableFile> {
    const pieces = await this.data.exportOwn();
    return new StreamableFile(Readable.from(pieces, { objectMode: false }), {
      type: 'application/json; charset=utf-8',
      disposition: 'attachment; filename="my-data.json"',
    });
  }
}
