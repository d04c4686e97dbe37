import { Controller, Get, Header } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';

import { Access } from '../../platform/access/index.js';
import { accountPage, accountScript } from './account.page.js';

/** The page behind the links in mails; a front end of one's own can take its place. */
@Controller('account')
@ApiExcludeController()
@Access.public()
export class AccountPagesController {
  @Get()
  @Header('content-type', 'text/html; charset=utf-8')
  page(): string {
    return accountPage;
  }

  @Get('account.js')
  @Header('content-type', 'text/javascript; charset=utf-8')
  script(): string {
    return accountScript;
  }
}
