import { Controller, Get, Header } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';

import { Access } from '../../platform/access/index.js';
import { setupPage, setupScript, setupStyle } from './setup.page.js';

/** The page behind the set-up link; it reads the token from the fragment and posts it. */
@Controller('setup')
@ApiExcludeController()
@Access.public()
export class SetupPageController {
  @Get()
  @Header('content-type', 'text/html; charset=utf-8')
  page(): string {
    return setupPage;
  }

  @Get('setup.js')
  @Header('content-type', 'text/javascript; charset=utf-8')
  script(): string {
    return setupScript;
  }

  @Get('setup.css')
  @Header('content-type', 'text/css; charset=utf-8')
  style(): string {
    return setupStyle;
  }
}
