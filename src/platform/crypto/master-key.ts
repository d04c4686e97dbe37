import { randomBytes } from 'node:crypto';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { type Config, parseMasterKey, ProcessConfig, SecretsConfig } from '../config/index.js';

/** The key cannot be had or does not fit the data; the message says which and what to do. */
export class MasterKeyError extends Error {}

/** The key that protects all others: from the environment, a file, or (development) DATA_DIR. */
export class MasterKey {
  constructor(
    readonly bytes: Buffer,
    /** Where it came from, for messages: a variable name or a file. */
    readonly source: string,
  ) {}
}

/** @throws MasterKeyError when a configured key is missing or malformed */
export async function loadMasterKey(config: Config): Promise<MasterKey> {
  const { masterKey, masterKeyFile } = config.get(SecretsConfig);
  if (masterKey) return new MasterKey(parseMasterKey(masterKey), 'MASTER_KEY');
  if (masterKeyFile) return readKeyFile(masterKeyFile, `MASTER_KEY_FILE (${masterKeyFile})`);
  return developmentKey(config.get(ProcessConfig).dataDir);
}

async function readKeyFile(path: string, source: string): Promise<MasterKey> {
  try {
    return new MasterKey(parseMasterKey(await readFile(path, 'utf8')), source);
  } catch (error) {
    throw new MasterKeyError(`${source} cannot be used: ${(error as Error).message}`);
  }
}

/** Made once. Linking a finished file makes two first starts agree on one key. */
async function developmentKey(dataDir: string): Promise<MasterKey> {
  const path = join(dataDir, 'master.key');
  const draft = join(dataDir, `master.key.${randomBytes(6).toString('hex')}`);
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  try {
    await writeFile(draft, `${randomBytes(32).toString('base64')}\n`, { mode: 0o600, flush: true });
    await link(draft, path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  } finally {
    await rm(draft, { force: true });
  }
  return readKeyFile(path, path);
}
