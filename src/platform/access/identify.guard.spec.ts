import type { ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';

import { loadConfig, PerimeterConfig } from '../config/index.js';
import { Blocks } from '../throttling/blocks.js';
import { Access } from './access.decorator.js';
import { type PrincipalFound, TextCredential, usesScheme } from './caller-strategy.js';
import { IdentifyGuard } from './identify.guard.js';
import type { Principal } from './principal.js';

class Routes {
  @Access.public() open(): void {}
  @Access.identified() own(): void {}
}

const asked: string[] = [];

/** Knows the user whose name is the credential; `down` is a database that is away. */
function check(credential: string, done: PrincipalFound): void {
  asked.push(credential);
  if (credential === 'down') done(new Error('away'));
  else done(null, /^[a-z]+$/.test(credential) ? ({ userId: credential } as Principal) : null);
}

class Bearer extends TextCredential {
  carries = (request: FastifyRequest): boolean => usesScheme(request, 'bearer');
  protected read = ({ headers }: FastifyRequest): string | undefined =>
    /^bearer (\S+)$/i.exec(headers.authorization ?? '')?.[1];
}

class Header extends TextCredential {
  carries = ({ headers }: FastifyRequest): boolean => headers['x-key'] !== undefined;
  protected read = ({ headers }: FastifyRequest): string => String(headers['x-key']);
}

describe('Identify guard', () => {
  const blocks = new Blocks(loadConfig({}).get(PerimeterConfig));
  const strategies = [new Bearer(check), new Header(check)];
  const guard = new IdentifyGuard(strategies, new Reflector(), blocks);

  const contextOf = (request: FastifyRequest, route: keyof Routes): ExecutionContext =>
    ({
      getHandler: () => Routes.prototype[route],
      getClass: () => Routes,
      switchToHttp: () => ({ getRequest: () => request }),
    }) as unknown as ExecutionContext;

  async function whoIs(headers: object, route: keyof Routes = 'own'): Promise<string> {
    const request = { headers, context: {} } as FastifyRequest;
    await guard.canActivate(contextOf(request, route));
    return request.context.principal?.userId ?? (request.credentialRejected ? 'refused' : 'nobody');
  }

  it.each([
    ['nobody', {}],
    ['ada', { authorization: 'Bearer ada' }],
    ['ada', { authorization: 'bEaReR ada' }],
    ['ada', { 'x-key': 'ada' }],
    ['refused', { authorization: 'Bearer 7' }],
    ['refused', { authorization: 'Bearer' }],
    ['refused', { authorization: 'Bearer a b' }],
    ['refused', { authorization: '' }],
    ['refused', { authorization: 'Basic YTpi' }],
    ['refused', { authorization: 'Bearerada' }],
    ['refused', { 'x-key': '' }],
    ['refused', { authorization: 'Bearer ada', 'x-key': 'ada' }],
    ['refused', { authorization: 'Basic YTpi', 'x-key': '' }],
    ['ada', { authorization: 'Basic for:a-proxy', 'x-key': 'ada' }],
  ])('[ID-06][AC-02] finds %s behind %j', async (who, headers) => {
    expect(await whoIs(headers)).toBe(who);
  });

  it('is an error when nobody can tell, never "anonymous"', async () => {
    await expect(whoIs({ authorization: 'Bearer down' })).rejects.toThrow('away');
  });

  it('asks nobody on a public route', async () => {
    asked.length = 0;
    expect(await whoIs({ authorization: 'Bearer ada', 'x-key': 'ada' }, 'open')).toBe('nobody');
    expect(asked).toEqual([]);
  });

  it('[PE-02] recognises callers on a public route from a blocked network only', async () => {
    const remembered = { times: 1, seconds: 60, rememberSeconds: 60 };
    blocks.learn([{ kind: 'network', id: '203.0.113.7', ...remembered }]);
    const recognised = async (address: string, credential: string): Promise<unknown> => {
      const headers = { authorization: `Bearer ${credential}` };
      const request = { headers, context: { address } } as unknown as FastifyRequest;
      await guard.canActivate(contextOf(request, 'open'));
      expect(request.context.principal).toBeUndefined();
      return request.recognised?.userId;
    };
    expect(await recognised('203.0.113.7', 'ada')).toBe('ada');
    expect(await recognised('203.0.113.7', '7')).toBeUndefined();
    expect(await recognised('203.0.113.7', 'down')).toBeUndefined();
    expect(await recognised('203.0.113.8', 'ada')).toBeUndefined();
  });
});
