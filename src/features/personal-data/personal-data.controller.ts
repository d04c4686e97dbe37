import { applyDecorators, Controller, Get } from '@nestjs/common';
import { ApiOkResponse } from '@nestjs/swagger';

import { Access } from '../../platform/access/index.js';
import { Deadline } from '../../platform/http/deadline.js';
import { Limit } from '../../platform/throttling/limit.decorator.js';
import { PersonalDataFile } from './personal-data.file.js';
import { PersonalDataService } from './personal-data.service.js';
import { PersonalDataView } from './personal-data.view.js';

const ExportOfOwn = (): MethodDecorator => applyDecorators(Access.signedIn(), Limit('export'));

@Controller('users/me/export')
export class PersonalDataController {
  constructor(private readonly data: PersonalDataService) {}

  /** Everything that is held on you, as one JSON file: account, sessions, keys, audit events. */
  @Get()
  @ExportOfOwn()
  @Deadline('slow')
  @ApiOkResponse({ type: PersonalDataView })
  export(): Promise<PersonalDataFile> {
    return this.data.exportOwn().then(PersonalDataFile.of);
  }
}
