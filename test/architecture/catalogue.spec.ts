import { globSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';

import { auditEvents } from '../../src/catalogue/audit-events.js';
import { errors } from '../../src/catalogue/errors.js';
import { limitPolicies } from '../../src/catalogue/limits.js';
import { metrics } from '../../src/catalogue/metrics.js';
import { permissions } from '../../src/catalogue/permissions.js';
import { tasks } from '../../src/catalogue/tasks.js';
import {
  type DependencyLimit,
  dependencyLimits,
  routeClasses,
} from '../../src/catalogue/timeouts.js';

const root = resolve(import.meta.dirname, '../..');

/** What runs: not the catalogue itself, and not the document, which names what others do. */
const sources = globSync('src/**/*.ts', { cwd: root })
  .filter((file) => !/^src\/(catalogue|features\/docs)\/|\.spec\.ts$/.test(file))
  .concat('src/features/docs/problems.controller.ts')
  .map((file) => ({ file, text: withoutComments(readFileSync(resolve(root, file), 'utf8')) }));

const code = sources.map(({ text }) => text).join('\n');

/** What the OpenAPI document says of errors: comments of handlers, and the rules for all. */
const documentation = globSync('src/features/**/*.controller.ts', { cwd: root })
  .concat('src/features/docs/responses.ts')
  .map((file) => readFileSync(resolve(root, file), 'utf8'))
  .join('\n');

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
}

function unused(names: readonly string[], usedAs: (name: string) => RegExp): string[] {
  return names.filter((name) => !usedAs(name).test(code));
}

/** Literals that a pattern's group finds, with the file that has them. */
function literals(pattern: RegExp): { file: string; literal: string }[] {
  return sources.flatMap(({ file, text }) =>
    [...text.matchAll(pattern)].map(([, literal]) => ({ file, literal: literal! })),
  );
}

function unknown(catalogue: object, pattern: RegExp): string[] {
  const found = literals(pattern);
  expect(found.length).toBeGreaterThan(0);
  return found
    .filter(({ literal }) => !Object.hasOwn(catalogue, literal))
    .map(({ file, literal }) => `${file}: ${literal}`);
}

const escaped = (name: string): string => name.replaceAll('.', '\\.');

describe('The catalogue', () => {
  it('[ER-01] has no error that nothing raises', () => {
    expect(unused(Object.keys(errors), (name) => new RegExp(`'${escaped(name)}'`))).toEqual([]);
  });

  it('[ER-01] has every error that is raised', () => {
    expect(unknown(errors, /new AppError\(\s*'([^']+)'/g)).toEqual([]);
    const mapped =
      /^\s+(?:'?\w+'?|\w+): '((?:http|auth|access|server|database|resource|throttling)\.\w+)',/gm;
    expect(unknown(errors, mapped)).toEqual([]);
  });

  it('[ER-01] has no error of a feature that no route documents', () => {
    const documented = new Set(
      [...documentation.matchAll(/@throws \{\d+\} (.+)|'([a-z]+\.[a-z_]+)'/g)].flatMap(
        ([, declared, byRule]) => declared?.split(', ') ?? byRule!,
      ),
    );
    const raised = literals(/new AppError\(\s*'([^']+)'/g).filter(({ file }) =>
      /^src\/features\/(?!metrics)/.test(file),
    );
    const silent = raised.filter(({ literal }) => !documented.has(literal));
    expect(silent.map(({ file, literal }) => `${file}: ${literal}`)).toEqual([]);
  });

  it('has no permission that no route demands', () => {
    const demanded = (name: string): RegExp => new RegExp(`@Access\\('${escaped(name)}'\\)`);
    expect(unused(Object.keys(permissions), demanded)).toEqual([]);
  });

  it('has every permission that a route demands', () => {
    expect(unknown(permissions, /\bAccess\('([^']+)'/g)).toEqual([]);
  });

  it('has no audit event that nothing records', () => {
    const recorded = (name: string): RegExp =>
      new RegExp(`\\.record(Failure|All)?\\(\\s*'${escaped(name)}'`);
    expect(unused(Object.keys(auditEvents), recorded)).toEqual([]);
  });

  it('has every audit event that is recorded', () => {
    expect(unknown(auditEvents, /\.record(?:Failure)?\(\s*'([^']+)'/g)).toEqual([]);
  });

  it('has no limit that counts nothing', () => {
    expect(unused(Object.keys(limitPolicies), (name) => new RegExp(`'${name}'`))).toEqual([]);
  });

  it('has every limit that a route declares', () => {
    expect(unknown(limitPolicies, /\bLimit\('([^']+)'/g)).toEqual([]);
  });

  it('[PE-08] has no class of time limits that no route has, and no limit that nothing keeps', () => {
    const declared = Object.keys(routeClasses).filter((name) => name !== 'usual');
    expect(unused(declared, (name) => new RegExp(`Deadline\\('${name}'\\)`))).toEqual([]);
    const fixed = Object.entries<DependencyLimit>(dependencyLimits).filter(
      ([, { limit }]) => typeof limit === 'number',
    );
    const kept = (name: string): RegExp => new RegExp(`dependencyLimits\\.${name}\\b`);
    expect(
      unused(
        fixed.map(([name]) => name),
        kept,
      ),
    ).toEqual([]);
  });

  it('has no task that nobody handles', () => {
    const handled = (name: string): RegExp => new RegExp(`\\.handle\\(\\s*'${escaped(name)}'`);
    expect(unused(Object.keys(tasks), handled)).toEqual([]);
  });

  it('has no metric that nothing measures', () => {
    const measured = (name: string): RegExp =>
      new RegExp(`\\.(counter|gauge|histogram)\\(\\s*'${name}'`);
    expect(unused(Object.keys(metrics), measured)).toEqual([]);
  });

  it('has every metric that is measured', () => {
    expect(unknown(metrics, /\.(?:counter|gauge|histogram)\(\s*'([^']+)'/g)).toEqual([]);
  });
});
