import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { loadConfig } from '../config/index.js';
import { loadMasterKey, MasterKeyError } from './master-key.js';

describe('The master key', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gatehouse-key-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const load = (environment: NodeJS.ProcessEnv) =>
    loadMasterKey(loadConfig({ DATA_DIR: join(folder, 'data'), ...environment }));

  it('[DP-01] comes from the environment before a file', async () => {
    const key = randomBytes(32);
    const { bytes, source } = await load({ MASTER_KEY: key.toString('base64') });
    expect(bytes).toEqual(key);
    expect(source).toBe('MASTER_KEY');
  });

  it('[DP-01] comes from a file, as a mounted secret is', async () => {
    const key = randomBytes(32);
    const path = join(folder, 'key');
    await writeFile(path, `${key.toString('base64')}\n`);
    expect((await load({ MASTER_KEY_FILE: path })).bytes).toEqual(key);
  });

  it.each([
    ['is missing', null],
    ['is too short', randomBytes(16).toString('base64')],
    ['is empty', ''],
  ])('[DP-01][F16] whose file %s stops the start and names the file', async (_, content) => {
    const path = join(folder, 'key');
    if (content !== null) await writeFile(path, content);
    const start = load({ MASTER_KEY_FILE: path });
    await expect(start).rejects.toThrow(MasterKeyError);
    await expect(start).rejects.toThrow(path);
    if (content) await expect(start).rejects.not.toThrow(content);
  });

  it('[DP-01] is made once in development, by sixteen first starts at a time', async () => {
    const keys = await Promise.all(Array.from({ length: 16 }, () => load({})));
    expect(new Set(keys.map(({ bytes }) => bytes.toString('hex'))).size).toBe(1);
    expect(await readdir(join(folder, 'data'))).toEqual(['master.key']);
    expect((await stat(join(folder, 'data', 'master.key'))).mode & 0o777).toBe(0o600);
    expect((await load({})).bytes).toEqual(keys[0]!.bytes);
  });
});
