import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';

import { Caches } from '../../platform/cache/index.js';
import { ApiKeysConfig } from '../../platform/config/index.js';
import { currentPrincipal } from '../../platform/context/request-context.js';
import { tokenHash } from '../../platform/crypto/index.js';
import { Database } from '../../platform/database/index.js';
import { AppError, invalid } from '../../platform/errors/app-error.js';
import { AuditService } from '../audit/index.js';
import { OwnerNoticesService } from '../users/index.js';
import { newApiKey } from './api-key.js';
import { ApiKeyListView, ApiKeyView, NewApiKeyView } from './api-key.view.js';
import { apiKeyTag } from './api-key-callers.service.js';
import type { CreateApiKey, RotateApiKey } from './api-keys.dto.js';
import { type ApiKeyRow, ApiKeysRepository } from './api-keys.repository.js';

const dayMs = 86_400_000;
const usualOverlapSeconds = 86_400;

/** Keys with which programs act for the users who made them. */
@Injectable()
export class ApiKeysService {
  constructor(
    private readonly database: Database,
    private readonly keys: ApiKeysRepository,
    private readonly audit: AuditService,
    private readonly caches: Caches,
    private readonly config: ApiKeysConfig,
    private readonly notices: OwnerNoticesService,
  ) {}

  listOwn(): Promise<ApiKeyListView> {
    return this.listOf(currentPrincipal().userId);
  }

  async listOf(userId: string): Promise<ApiKeyListView> {
    return { items: (await this.keys.of(userId)).map(ApiKeyView.of) };
  }

  /** @throws AppError `api_keys.scope_exceeds_own`, `api_keys.too_many`, `validation.failed` */
  async create(request: CreateApiKey): Promise<NewApiKeyView> {
    const { userId } = currentPrincipal();
    const { name, scopes, requestsPerMinute = null } = request;
    const expiresAt = this.expiryOf(request);
    await this.demandHeld(scopes);
    const { id, text } = newApiKey(uuidv7());
    return this.database.transaction(async () => {
      await this.keys.lock(userId);
      const existing = await this.keys.of(userId);
      if (existing.length >= this.config.keysPerUser) throw new AppError('api_keys.too_many');
      const secretHash = tokenHash(text);
      const row = await this.keys.insert({
        id,
        userId,
        name,
        scopes,
        secretHash,
        requestsPerMinute,
        expiresAt,
      });
      const payload = { scopes, expiresAt: expiresAt.toISOString() };
      await this.audit.record('api_keys.created', payload, { target: { kind: 'api-key', id } });
      await this.tellOwner(row, 'was made');
      return NewApiKeyView.with(row, text);
    });
  }

  /** @throws AppError `api_keys.not_found`, also for a key of somebody else and one that is over */
  async rotate(
    id: string,
    { overlapSeconds = usualOverlapSeconds }: RotateApiKey,
  ): Promise<NewApiKeyView> {
    const { userId } = currentPrincipal();
    const { text } = newApiKey(id);
    return this.database.transaction(async () => {
      const row = await this.keys.rotate(id, userId, tokenHash(text), overlapSeconds);
      if (!row) throw new AppError('api_keys.not_found');
      const target = { kind: 'api-key', id } as const;
      await this.audit.record('api_keys.rotated', { overlapSeconds }, { target });
      await this.caches.invalidate(apiKeyTag(id));
      await this.tellOwner(row, 'got a new secret');
      return NewApiKeyView.with(row, text);
    });
  }

  revokeOwn(id: string): Promise<void> {
    return this.revoke(id, currentPrincipal().userId);
  }

  /** @throws AppError `api_keys.not_found`, also for a key of somebody else */
  async revoke(id: string, userId: string): Promise<void> {
    await this.database.transaction(async () => {
      if (!(await this.keys.delete(id, userId))) throw new AppError('api_keys.not_found');
      const target = { kind: 'api-key', id } as const;
      await this.audit.record('api_keys.revoked', { userId }, { target });
      await this.caches.invalidate(apiKeyTag(id));
    });
  }

  /** Revokes all keys of a user, in the running transaction. */
  async revokeAllOf(userId: string): Promise<void> {
    for (const { id } of await this.keys.of(userId)) await this.revokePresented(id, userId);
  }

  /** Revokes a key that somebody presented to have it revoked (RFC 7009). */
  async revokePresented(id: string, userId: string): Promise<void> {
    await this.revoke(id, userId).catch((error: unknown) => {
      if (error instanceof AppError && error.code === 'api_keys.not_found') return; // twice at once
      throw error;
    });
  }

  /** Without the name, which whoever made the key has written. */
  private tellOwner({ userId, scopes }: ApiKeyRow, change: string): Promise<void> {
    const rights = scopes.join(', ') || 'read your account';
    return this.notices.tell(userId, 'api_key_changed', { change, rights });
  }

  private expiryOf({ expiresAt }: CreateApiKey): Date {
    const now = Date.now();
    const { usualDays, maxDays } = this.config;
    if (expiresAt === undefined) return new Date(now + Math.min(usualDays, maxDays) * dayMs);
    const expiry = new Date(expiresAt);
    const latest = now + maxDays * dayMs;
    if (expiry.getTime() > now && expiry.getTime() <= latest) return expiry;
    throw invalid('/expiresAt', 'range', `must be in the future, at most ${maxDays} days from now`);
  }

  private async demandHeld(scopes: CreateApiKey['scopes']): Promise<void> {
    const { permissions } = currentPrincipal();
    const missing = scopes.filter((scope) => !permissions.has(scope));
    if (missing.length === 0) return;
    await this.audit.recordFailure('api_keys.scope_refused', { missing });
    const detail = `You do not hold: ${missing.join(', ')}`;
    throw new AppError('api_keys.scope_exceeds_own', { detail });
  }
}
