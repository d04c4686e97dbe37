import { randomBytes } from 'node:crypto';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import {
  type Config,
  parseMasterKey,
  ProcessConfig,
  SecretsConfig,
  shortestPassphrase,
} from '../config/index.js';
import { Passphrase } from './passphrase.js';

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

/**
 * The key, or the passphrase that it will be derived from when the database tells the salt.
 * @throws MasterKeyError when a configured key is missing or malformed
 */
export async function loadMasterKey(config: Config): Promise<MasterKey | Passphrase> {
  const { masterKey, masterKeyFile, passphrase, passphraseFile } = config.get(SecretsConfig);
  if (passphrase) return new Passphrase(passphrase, 'MASTER_KEY_PASSPHRASE');
  if (passphraseFile) return readPassphrase(passphraseFile);
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

async function readPassphrase(path: string): Promise<Passphrase> {
  const source = `MASTER_KEY_PASSPHRASE_FILE (${path})`;
  const text = await readFile(path, 'utf8').catch((error: Error) => {
    throw new MasterKeyError(`${source} cannot be used: ${error.message}`);
  });
  const passphrase = text.replace(/\r?\n$/, '');
  if (passphrase.length >= shortestPassphrase) return new Passphrase(passphrase, source);
  throw new MasterKeyError(`${source} must hold ${shortestPassphrase} characters or more`);
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
