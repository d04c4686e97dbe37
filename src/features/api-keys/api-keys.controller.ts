import {
  applyDecorators,
  Body,
  Controller,
  Delete,
  Get,
  HttpCode,
  Param,
  Post,
} from '@nestjs/common';

import { Access, StepUp } from '../../platform/access/index.js';
import { UuidParam } from '../../platform/http/params.js';
import { Idempotent } from '../../platform/idempotency/index.js';
import { ApiKeyListView, NewApiKeyView } from './api-key.view.js';
import { CreateApiKey, RotateApiKey } from './api-keys.dto.js';
import { ApiKeysService } from './api-keys.service.js';

/** What a stolen session must not do. */
const OwnerRecently = (): MethodDecorator => applyDecorators(Access.signedIn(), StepUp());

@Controller('api-keys')
export class ApiKeysController {
  constructor(private readonly keys: ApiKeysService) {}

  /** List your API keys, newest first. */
  @Get()
  @Access.signedIn()
  list(): Promise<ApiKeyListView> {
    return this.keys.listOwn();
  }

  /**
   * Make an API key, with which a program acts for you within its scopes. It is shown once.
   * @throws {403} api_keys.scope_exceeds_own
   * @throws {409} api_keys.too_many
   */
  @Post()
  @OwnerRecently()
  @Idempotent.withSecret()
  create(@Body() request: CreateApiKey): Promise<NewApiKeyView> {
    return this.keys.create(request);
  }

  /**
   * Revoke one of your API keys; it stops working at once.
   * @throws {404} api_keys.not_found
   */
  @Delete(':id')
  @Access.signedIn()
  @HttpCode(204)
  revoke(@Param('id', UuidParam) id: string): Promise<void> {
    return this.keys.revokeOwn(id);
  }

  /**
   * Replace an API key by a new one with the same rights. The one before works on for a while.
   * @throws {404} api_keys.not_found
   */
  @Post(':id/rotate')
  @HttpCode(200)
  @OwnerRecently()
  @Idempotent.withSecret()
  rotate(
    @Param('id', UuidParam) id: string,
    @Body() request: RotateApiKey,
  ): Promise<NewApiKeyView> {
    return this.keys.rotate(id, request);
  }
}

/** For those who answer for the keys of others. */
@Controller('users/:id/api-keys')
export class UserApiKeysController {
  constructor(private readonly keys: ApiKeysService) {}

  /** List the API keys of a user, newest first. */
  @Get()
  @Access('api_keys.manage')
  list(@Param('id', UuidParam) id: string): Promise<ApiKeyListView> {
    return this.keys.listOf(id);
  }

  /**
   * Revoke an API key of a user; it stops working at once.
   * @throws {404} api_keys.not_found
   */
  @Delete(':keyId')
  @Access('api_keys.manage')
  @HttpCode(204)
  revoke(
    @Param('id', UuidParam) id: string,
    @Param('keyId', UuidParam) keyId: string,
  ): Promise<void> {
    return this.keys.revoke(keyId, id);
  }
}
