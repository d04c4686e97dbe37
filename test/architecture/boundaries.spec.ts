import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');

/** What `npm run boundaries` says about a tree; empty when nothing is wrong. */
function violations(folder: string): string {
  const cruiser = join(root, 'node_modules', 'dependency-cruiser', 'bin', 'dependency-cruise.mjs');
  const rules = ['--config', '.dependency-cruiser.cjs', '--output-type', 'err', 'src'];
  try {
    execFileSync(process.execPath, [cruiser, ...rules], { cwd: folder, encoding: 'utf8' });
    return '';
  } catch (error) {
    return String((error as { stdout?: string }).stdout);
  }
}

describe('The walls of the house', () => {
  it('[OP-08] stand: no import goes upward, around a face, in a circle or past a repository', () => {
    expect(violations(root)).toBe('');
  });

  it('[OP-08] would be seen to fall', () => {
    const copy = mkdtempSync(join(tmpdir(), 'gatehouse-walls-'));
    try {
      for (const part of ['src', 'package.json', 'tsconfig.json', '.dependency-cruiser.cjs']) {
        cpSync(join(root, part), join(copy, part), { recursive: true });
      }
      symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
      const plant = (file: string, imported: string): void =>
        writeFileSync(join(copy, 'src', file), `import '${imported}';\n`);
      plant('features/users/planted.controller.ts', './users.repository.js');
      plant('features/audit/planted.ts', '../users/users.service.js');
      plant('platform/planted.ts', '../features/users/index.js');
      plant('catalogue/planted.ts', '../platform/errors/app-error.js');
      const found = violations(copy);
      for (const rule of [
        'controllers-touch-no-storage',
        'features-meet-at-their-index',
        'audit-imports-no-feature',
        'platform-knows-no-feature',
        'catalogue-imports-nothing',
      ]) {
        expect(found).toContain(rule);
      }
    } finally {
      rmSync(copy, { recursive: true, force: true });
    }
  });
});
