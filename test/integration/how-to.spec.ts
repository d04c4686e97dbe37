import { globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { sectionsOf } from '../support/notes/page.js';
import { ProjectCopy } from '../support/notes/project-copy.js';

const howTo = resolve(import.meta.dirname, '../../docs/how-to');
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

    it('[OP-10] keeps to the boundaries', () => copy.npm('boundaries'), 120_000);

    it('[OP-10] passes its own tests and those of the rules of the house', async () => {
      const specs = ['features/notes', 'architecture', 'openapi', 'reference'];
      await copy.npm('test', '--runInBand', ...specs.map((name) => `test/.*${name}.*\\.spec`));
    }, 240_000);
  });
});
