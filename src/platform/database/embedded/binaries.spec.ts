import { cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { findNativeDir, prepareBinaries } from './binaries.js';

describe('programs of the embedded PostgreSQL', () => {
  let dir: string;

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'gatehouse-binaries-'));
  });

  afterEach(() => rm(dir, { recursive: true, force: true }));

  it('[DA-01] says which setting helps where there are none', () => {
    expect(() => findNativeDir('win32', 'x64')).toThrow(
      /^no embedded PostgreSQL for win32-x64: set DATABASE_URL/,
    );
  });

  it('[DA-01] says the same when they cannot run', async () => {
    const preparing = prepareBinaries(join(dir, 'nowhere'), join(dir, 'links'));
    await expect(preparing).rejects.toThrow(/^no embedded PostgreSQL for .*: set DATABASE_URL/);
  });

  it('[DA-01] run without the library links that npm leaves out', async () => {
    const native = join(dir, 'native');
    await cp(findNativeDir(), native, {
      recursive: true,
      filter: (path) =>
        !/share|lib\/postgresql|\.a$|bin\/(initdb|pg_ctl)/.test(path.slice(findNativeDir().length)),
    });
    for (const entry of await readdir(join(native, 'lib'), { withFileTypes: true })) {
      if (entry.isSymbolicLink()) await rm(join(native, 'lib', entry.name));
    }
    const binaries = await prepareBinaries(native, join(dir, 'links'));
    expect(binaries.major).toBe('18');
    expect(await readdir(join(dir, 'links'))).toContain('libpq.so.5');
    expect(binaries.env['LD_LIBRARY_PATH']).toBe(join(dir, 'links'));
  });

  it('[DA-01] keep the secrets in our environment from the server', async () => {
    const { env } = await prepareBinaries(findNativeDir(), join(dir, 'links'));
    expect(Object.keys(env).sort()).toEqual(['LC_ALL', 'PATH', 'TZ']);
  });
});
