import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

import { changed, type Section } from './page.js';

const root = resolve(import.meta.dirname, '../../..');
const run = promisify(execFile);

/** What `npm run build`, the tests of the rules and the generated pages need. */
const parts = [
  'package.json',
  'tsconfig.json',
  'tsconfig.build.json',
  'nest-cli.json',
  'jest.config.js',
  '.dependency-cruiser.cjs',
  '.env.example',
  'docs/reference',
  'migrations',
  'scripts',
  'src',
  'test/architecture',
  'templates',
  'test/integration/features/personal-data.spec.ts',
  'test/integration/openapi.spec.ts',
  'test/integration/reference.spec.ts',
  'test/security/support',
  'test/support',
];

/** A copy of this project in a folder of its own, to follow a how-to page in. */
export class ProjectCopy {
  private constructor(readonly folder: string) {}

  static async make(): Promise<ProjectCopy> {
    const folder = await mkdtemp(join(tmpdir(), 'gatehouse-copy-'));
    for (const part of parts) {
      await cp(join(root, part), join(folder, part), { recursive: true });
    }
    await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
    return new ProjectCopy(folder);
  }

  /** Does what the page says: files are put in place, lines are added. */
  async follow(sections: readonly Section[]): Promise<void> {
    for (const { file, kind, text } of sections) {
      const path = join(this.folder, file);
      if (kind === 'whole') await cp(join(root, 'docs/how-to/notes', file), path);
      else await writeFile(path, changed(await readFile(path, 'utf8'), text));
    }
  }

  /**
   * Runs a script of package.json, without those that npm would run before it; gives what it printed.
   * @throws Error with that, when it fails
   */
  async npm(script: string, ...args: string[]): Promise<string> {
    const { PATH, HOME } = process.env;
    const { stdout, stderr } = await run(
      'npm',
      ['run', script, '--ignore-scripts', '--', ...args],
      {
        cwd: this.folder,
        env: { PATH, HOME },
        maxBuffer: 64 * 1024 * 1024,
      },
    ).catch((error: Error & { stdout?: string; stderr?: string }) => {
      throw new Error(`npm run ${script} failed:\n${error.stdout}\n${error.stderr}`);
    });
    return stdout + stderr;
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}
