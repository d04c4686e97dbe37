import { Controller, HttpCode, Post } from '@nestjs/common';

import { Access } from '../../platform/access/index.js';
import { TokensView } from '../auth/index.js';
import { DemoService } from './demo.service.js';

@Controller('auth/demo')
export class DemoController {
  constructor(private readonly demo: DemoService) {}

  /**
   * Sign in as the demo user. In development only: in production there is no such address.
   * @throws {403} demo.disabled
   */
  @Post()
  @HttpCode(200)
  @Access.public()
  signIn(): Promise<TokensView> {
    return this.demo.signIn();
  }
}
