import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';

import { sectionsOf } from '../support/notes/page.js';
import { ProjectCopy } from '../support/notes/project-copy.js';

const root = resolve(import.meta.dirname, '../..');
const howTo = join(root, 'docs/how-to');
const example = join(howTo, 'notes');
const read = (...path: string[]): string => readFileSync(join(...path), 'utf8');

describe('docs/how-to/add-a-feature.md', () => {
  const sections = sectionsOf(read(howTo, 'add-a-feature.md'));
  const whole = sections.filter(({ kind }) => kind === 'whole');
  const changes = sections.filter(({ kind }) => kind === 'change');

  it('[OP-10] shows every file of the example, and each as it is', () => {
    expect(whole.map(({ file }) => file).sort()).toEqual(
      globSync('**/*.ts', { cwd: example }).sort(),
    );
    for (const { file, text } of whole) expect(text).toBe(read(example, file));
  });

  it('[OP-10] changes nothing of the platform', () => {
    const files = sections.map(({ file }) => file);
    expect(files.filter((file) => file.startsWith('src/platform/'))).toEqual([]);
    expect(changes.map(({ file }) => file)).toContain('src/app.module.ts');
  });

  describe('followed in a copy of the project', () => {
    let copy: ProjectCopy;

    beforeAll(async () => {
      copy = await ProjectCopy.make();
      await copy.follow(sections);
      await copy.npm('docs:generate'); // builds first
    }, 240_000);
    afterAll(() => copy?.remove());

    it('[OP-10] keeps to the boundaries', async () => {
      expect(await copy.npm('boundaries')).toContain('no dependency violations found');
    }, 120_000);

    it('[OP-10] passes its own tests and those of the rules of the house', async () => {
      const specs = ['notes', 'catalogue', 'routes', 'openapi', 'reference', 'personal-data'];
      const output = await copy.npm('test', '--runInBand', ...specs.map((n) => `/${n}\\.spec`));
      for (const name of specs) expect(output).toMatch(new RegExp(`PASS .*/${name}\\.spec\\.ts`));
    }, 240_000);
  });
});

describe('Pages about the code', () => {
  const pages = globSync(['docs/*.md', 'docs/{adr,guides,how-to,operations}/*.md'], { cwd: root });
  const sources = globSync('{src,test,docs/how-to/notes}/**/*.ts', {
    cwd: root,
    exclude: ['**/node_modules'],
  });
  const fileNames = new Set(sources.map((file) => basename(file)));

  const isThere = (path: string): boolean =>
    path.includes('/')
      ? [root, example].some((folder) => existsSync(join(folder, path)))
      : fileNames.has(path);

  it('[OP-10] are found', () => expect(pages.length).toBeGreaterThan(10));

  it.each(pages)('[OP-10] %s names files that exist', (page) => {
    const text = read(root, page);
    const named = [...text.matchAll(/`((?:src|test|docs|migrations)\/[\w./-]+|[\w.-]+\.ts)`/g)];
    expect(named.map(([, path]) => path!).filter((path) => !isThere(path))).toEqual([]);
    const links = [...text.matchAll(/\]\(([^)#:\s]+)(?:#[^)]*)?\)/g)].map(([, to]) => to!);
    expect(links.filter((to) => !existsSync(join(root, dirname(page), to)))).toEqual([]);
  });
});
