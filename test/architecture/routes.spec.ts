import 'reflect-metadata';

import { globSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';

import { RequestMethod } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';
import { Reflector } from '@nestjs/core';
import { DECORATORS } from '@nestjs/swagger';
import ts from 'typescript';

import { permissions } from '../../src/catalogue/permissions.js';
import { accessMetadata } from '../../src/platform/access/access.decorator.js';
import { idempotencyMetadata } from '../../src/platform/idempotency/index.js';

/** Most decorators that a handler may carry; combine them with `applyDecorators` beyond that. */
const maxDecorators = 4;

/** POST routes of known callers that take no Idempotency-Key, and why. */
const repeatableAnyway: Record<string, string> = {
  'FilesController.upload':
    'is read as it comes, so no two can be compared; the other copy can be deleted',
  'AuditIngestionController.ingest': 'takes each event once, by the id it has at its source',
  'AuthController.stepUp': 'proves a password anew each time',
  'AuthController.logout': 'signing out twice is signing out',
  'AuthController.logoutAll': 'the same',
  'IntrospectionController.introspect': 'changes nothing',
  'MfaController.begin': 'replaces what was begun',
  'MfaController.confirm': 'a code works once, and wrong ones count',
  'MfaController.renewRecoveryCodes': 'replaces the codes, and the newest are the good ones',
  'PasswordsController.change': 'proves a password anew each time',
};

const root = resolve(import.meta.dirname, '../..');
const files = globSync('src/features/**/*.controller.ts', { cwd: root });

interface Handler {
  /** `users.controller.ts: UsersController.list` */
  name: string;
  method: string;
  access: unknown;
  documented: boolean;
  repeatable: boolean;
}

type Class = abstract new (...args: never[]) => unknown;

/** Methods of a class that Nest routes to, as its metadata has them. */
async function handlersOf(file: string): Promise<Handler[]> {
  const exported = (await import(resolve(root, file))) as Record<string, unknown>;
  const reflector = new Reflector();
  const controllers = Object.values(exported).filter(
    (value): value is Class =>
      typeof value === 'function' && Reflect.hasMetadata(PATH_METADATA, value),
  );
  return controllers.flatMap((controller) => {
    const prototype = controller.prototype as Record<string, () => unknown>;
    return Object.getOwnPropertyNames(prototype)
      .filter((name) => Reflect.hasMetadata(METHOD_METADATA, prototype[name]!))
      .map((name) => ({
        name: `${file}: ${controller.name}.${name}`,
        method: RequestMethod[Reflect.getMetadata(METHOD_METADATA, prototype[name]!) as number]!,
        access: reflector.getAllAndOverride(accessMetadata, [prototype[name]!, controller]),
        documented: ![controller, prototype[name]!].some(isHidden),
        repeatable: Reflect.hasMetadata(idempotencyMetadata, prototype[name]!),
      }));
  });
}

/** `@ApiExcludeController()` or `@ApiExcludeEndpoint()`. */
function isHidden(target: object): boolean {
  return [DECORATORS.API_EXCLUDE_CONTROLLER, DECORATORS.API_EXCLUDE_ENDPOINT].some((key) =>
    Reflect.hasMetadata(key, target),
  );
}

/** Methods with a decorator of a route, as the source has them. */
function methodsIn(file: string): ts.MethodDeclaration[] {
  const text = readFileSync(resolve(root, file), 'utf8');
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  return source.statements
    .filter(ts.isClassDeclaration)
    .flatMap((declaration) => declaration.members.filter(ts.isMethodDeclaration))
    .filter((method) => decoratorsOf(method).some((name) => routeDecorator.test(name)));
}

const routeDecorator = /^(Get|Post|Put|Patch|Delete|All|Head|Options|Search|Sse)$/;

function decoratorsOf(method: ts.MethodDeclaration): string[] {
  return (ts.getDecorators(method) ?? []).map(({ expression }) =>
    (ts.isCallExpression(expression) ? expression.expression : expression).getText(),
  );
}

function place(method: ts.MethodDeclaration): string {
  const source = method.getSourceFile();
  const { line } = source.getLineAndCharacterOfPosition(method.name.getStart());
  return `${source.fileName}:${line + 1} ${method.name.getText()}`;
}

describe('Routes', () => {
  let handlers: Handler[];

  beforeAll(async () => {
    handlers = (await Promise.all(files.map(handlersOf))).flat();
  });

  it('are found', () => {
    expect(handlers.length).toBeGreaterThan(25);
    expect(files.flatMap(methodsIn)).toHaveLength(handlers.length);
  });

  it('[AC-02] each declare who may call them', () => {
    const known: unknown[] = ['public', 'identified', 'signed-in', ...Object.keys(permissions)];
    const undeclared = handlers.filter(({ access }) => !known.includes(access));
    expect(undeclared.map(({ name }) => name)).toEqual([]);
  });

  it('[PE-10] of known callers can be repeated with an Idempotency-Key: `@Idempotent()`', () => {
    const open = handlers.filter(
      ({ method, access, repeatable, name }) =>
        method === 'POST' &&
        access !== 'public' &&
        repeatable === Object.hasOwn(repeatableAnyway, name.split(': ')[1]!),
    );
    expect(open.map(({ name }) => name)).toEqual([]);
  });

  it('[OP-02] that change something are in the OpenAPI document', () => {
    const hidden = handlers.filter(({ method, documented }) => method !== 'GET' && !documented);
    expect(hidden.map(({ name }) => name)).toEqual([]);
  });

  it(`carry at most ${maxDecorators} decorators`, () => {
    const crowded = files.flatMap(methodsIn).filter((m) => decoratorsOf(m).length > maxDecorators);
    expect(crowded.map(place)).toEqual([]);
  });

  it('hand their work on: a handler is one statement', () => {
    const thick = files.flatMap(methodsIn).filter((m) => (m.body?.statements.length ?? 0) !== 1);
    expect(thick.map(place)).toEqual([]);
  });

  it('[OP-02] each say in a comment what they are for, unless they are hidden', () => {
    const silent = files
      .filter((file) => handlers.some((h) => h.documented && h.name.startsWith(`${file}:`)))
      .flatMap(methodsIn)
      .filter((method) => ts.getJSDocCommentsAndTags(method).length === 0);
    expect(silent.map(place)).toEqual([]);
  });
});
