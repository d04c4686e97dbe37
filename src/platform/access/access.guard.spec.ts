import type { ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';

import { loadConfig, TokensConfig } from '../config/index.js';
import { toAppError } from '../errors/to-app-error.js';
import { Access, StepUp } from './access.decorator.js';
import { AccessGuard, DenialRecorder } from './access.guard.js';
import type { Principal } from './principal.js';

class Routes {
  undeclared(): void {}
  @Access.public() open(): void {}
  @Access.identified() whoever(): void {}
  @Access.signedIn() own(): void {}
  @Access('users.read') read(): void {}
  @Access('users.read') @StepUp() sensitive(): void {}
}

class Denials extends DenialRecorder {
  readonly seen: string[] = [];
  denied(permission: string): Promise<void> {
    this.seen.push(permission);
    return Promise.resolve();
  }
}

const now = (): number => Date.now();
const session = (more: Partial<Principal> = {}): Principal => ({
  userId: 'ada',
  sessionId: 'session',
  authenticatedAt: now(),
  roles: [],
  permissions: new Set(),
  ...more,
});
const reader = { permissions: new Set(['users.read'] as const) };
const old = { authenticatedAt: now() - 601_000 };
const apiKey = { sessionId: null, apiKeyId: 'key', authenticatedAt: 0 };

describe('Access guard', () => {
  const denials = new Denials();
  const guard = new AccessGuard(new Reflector(), denials, loadConfig({}).get(TokensConfig));

  async function call(route: keyof Routes, principal?: Principal): Promise<string> {
    const request = { context: { principal }, method: 'GET', routeOptions: { url: '/x' } };
    const context = {
      getHandler: () => Routes.prototype[route],
      getClass: () => Routes,
      switchToHttp: () => ({ getRequest: () => request }),
    } as unknown as ExecutionContext;
    return guard.canActivate(context).then(
      () => 'passes',
      (error: unknown) => toAppError(error).code,
    );
  }

  it.each<[string, keyof Routes, string, Principal | undefined]>([
    ['passes', 'open', 'nobody', undefined],
    ['auth.required', 'whoever', 'nobody', undefined],
    ['passes', 'whoever', 'a session', session()],
    ['passes', 'whoever', 'an API key', session(apiKey)],
    ['passes', 'own', 'a session', session()],
    ['auth.session_required', 'own', 'an API key', session(apiKey)],
    ['access.denied', 'read', 'a session without the permission', session()],
    ['passes', 'read', 'a session', session(reader)],
    ['passes', 'read', 'an API key of that scope', session({ ...reader, ...apiKey })],
    ['access.denied', 'read', 'an API key of another scope', session(apiKey)],
    ['access.denied', 'sensitive', 'a session without the permission', session()],
    ['passes', 'sensitive', 'a recent sign-in', session(reader)],
    ['auth.step_up_required', 'sensitive', 'an old sign-in', session({ ...reader, ...old })],
    ['auth.session_required', 'sensitive', 'an API key', session({ ...reader, ...apiKey })],
    ['access.denied', 'undeclared', 'an administrator', session(reader)],
  ])('[AC-01][V8.2.1][V7.5.1] answers %s on "%s" to %s', async (answer, route, _who, principal) => {
    expect(await call(route, principal)).toBe(answer);
  });

  it('[AC-01][V16.3.1] reports who lacked a permission', () => {
    expect(denials.seen).toEqual(['users.read', 'users.read', 'users.read', 'undeclared']);
  });
});
