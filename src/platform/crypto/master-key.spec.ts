import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { loadConfig } from '../config/index.js';
import { loadMasterKey, type MasterKey, MasterKeyError } from './master-key.js';
import { Passphrase } from './passphrase.js';

describe('The master key', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gatehouse-key-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const given = (environment: NodeJS.ProcessEnv) =>
    loadMasterKey(loadConfig({ DATA_DIR: join(folder, 'data'), ...environment }));
  const load = async (environment: NodeJS.ProcessEnv) => (await given(environment)) as MasterKey;

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

  it('[DP-01] is derived from a passphrase by PBKDF2-HMAC-SHA-256', async () => {
    const path = join(folder, 'passphrase');
    await writeFile(path, 'correct horse battery staple\n');
    const [fromFile, given] = (await Promise.all([
      load({ MASTER_KEY_PASSPHRASE_FILE: path }),
      load({ MASTER_KEY_PASSPHRASE: 'correct horse battery staple' }),
    ])) as unknown as [Passphrase, Passphrase];
    const salt = randomBytes(16);
    expect(await fromFile.derive(salt, 1_000)).toEqual(await given.derive(salt, 1_000));
    expect(await given.derive(salt, 1_001)).not.toEqual(await given.derive(salt, 1_000));
    // Published vector for PBKDF2-HMAC-SHA-256 (RFC 7914, section 11), first half.
    const vector = await new Passphrase('Password', 'a test').derive(Buffer.from('NaCl'), 80_000);
    expect(vector.toString('hex')).toBe(
      '4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56',
    );
  });

  it('[DP-01][F16] is one thing: not a key and a passphrase, nor a short passphrase', async () => {
    const key = randomBytes(32).toString('base64');
    const both = { MASTER_KEY: key, MASTER_KEY_PASSPHRASE: 'correct horse battery staple' };
    expect(() => loadConfig(both)).toThrow('MASTER_KEY and MASTER_KEY_PASSPHRASE are both set');
    expect(() => loadConfig({ MASTER_KEY_PASSPHRASE: 'too short' })).toThrow('20 characters');
    const path = join(folder, 'passphrase');
    await writeFile(path, 'too short\n');
    const start = load({ MASTER_KEY_PASSPHRASE_FILE: path });
    await expect(start).rejects.toThrow(MasterKeyError);
    await expect(start).rejects.not.toThrow('too short');
  });
});
