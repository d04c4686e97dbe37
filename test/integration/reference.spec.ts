import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { referenceFiles } from '../../src/features/docs/index.js';
import { loadConfig } from '../../src/platform/config/index.js';
import { builtDocument } from '../support/built-document.js';

const root = resolve(import.meta.dirname, '../..');

describe('The reference', () => {
  let files: Record<string, string>;

  beforeAll(async () => {
    files = referenceFiles(await builtDocument({ NODE_ENV: 'test' }));
  });

  it('[OP-10] is what `npm run docs:generate` makes of the code', async () => {
    for (const [name, text] of Object.entries(files)) {
      const committed = await readFile(join(root, name), 'utf8').catch(() => 'there is no file');
      expect(`${name}\n${committed}`).toBe(`${name}\n${text}`);
    }
  });

  it('[OP-10] has a row for every route, error, permission and event', async () => {
    const rows = (name: string): number => files[name]!.match(/^\| `/gm)?.length ?? 0;
    expect(rows('docs/reference/http.md')).toBeGreaterThan(25);
    expect(rows('docs/reference/errors.md')).toBeGreaterThan(30);
    expect(rows('docs/reference/permissions.md')).toBeGreaterThan(8);
    expect(rows('docs/reference/audit-events.md')).toBeGreaterThan(15);
  });

  it('[OP-10] has an .env.example that changes nothing when it is used as it is', () => {
    const lines = files['.env.example']!.split('\n').filter((line) => line !== '');
    expect(lines.filter((line) => !line.startsWith('#'))).toEqual([]);
    const names = lines.flatMap((line) => /^#([A-Z_0-9]+)=/.exec(line)?.[1] ?? []);
    expect(new Set(names).size).toBe(names.length);
    const empty = Object.fromEntries(names.map((name) => [name, '']));
    expect(loadConfig(empty)).toEqual(loadConfig({}));
  });
});
