import { createHmac, hkdfSync, randomBytes, randomUUID } from 'node:crypto';

import { type Database } from '../database/database.js';
import { open, seal } from './envelope.js';
import { MasterKey, MasterKeyError } from './master-key.js';
import { type Passphrase, passphraseIterations, saltBytes } from './passphrase.js';

/** What data keys exist for; a key of one class never opens a value of another. */
export const keyClasses = [
  'signing-keys',
  'lockout',
  'second-factors',
  'sessions',
  'csrf',
  'jobs',
  'idempotency',
  'limits',
  'files',
  'audit',
] as const;
export type KeyClass = (typeof keyClasses)[number];

interface DataKeyRow {
  id: string;
  class: KeyClass;
  wrapped: Buffer;
}

/**
 * Envelope encryption: values are sealed with the data key of their class, data keys with the
 * master key. The sealed value starts with the id of its data key.
 */
export class KeyRing {
  private readonly keys = new Map<string, Buffer>();
  private readonly current = new Map<KeyClass, string>();
  private readonly macKeys = new Map<KeyClass, Buffer>();

  private constructor() {}

  /**
   * Opens all data keys and makes those that are missing.
   * @throws MasterKeyError naming the key, when the master key does not open what is stored:
   *   a new key is never made over old data
   */
  static async load(database: Database, given: MasterKey | Passphrase): Promise<KeyRing> {
    const ring = new KeyRing();
    await database.transaction(async () => {
      await database.lock('data-keys');
      const rows = await database.rows<DataKeyRow>(
        'SELECT id, class, wrapped FROM data_keys ORDER BY created_at',
      );
      const masterKey = await derived(database, given, rows.length > 0);
      for (const row of rows) ring.add(row, unwrap(row, masterKey));
      for (const keyClass of keyClasses) {
        if (!ring.current.has(keyClass)) await ring.create(keyClass, database, masterKey);
      }
    });
    return ring;
  }

  /** @param context where the value belongs (table, column, row); needed again to open it */
  seal(keyClass: KeyClass, plaintext: Buffer, context: string): Buffer {
    const id = this.current.get(keyClass)!;
    const idBytes = Buffer.from(id.replaceAll('-', ''), 'hex');
    return Buffer.concat([idBytes, seal(this.keys.get(id)!, plaintext, `${keyClass}:${context}`)]);
  }

  /** @throws Error when the value was changed, moved, or sealed by a key that is not here */
  open(keyClass: KeyClass, sealed: Buffer, context: string): Buffer {
    const hex = sealed.subarray(0, 16).toString('hex');
    const id = hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
    const key = this.keys.get(id);
    if (!key) throw new Error(`data key ${id} is not in the key ring`);
    return open(key, sealed.subarray(16), `${keyClass}:${context}`);
  }

  /**
   * HMAC-SHA-256, to find a value again where it must not be readable. Its key comes from the
   * first data key of the class and stays when a newer one seals: else nothing would be found.
   */
  mac(keyClass: KeyClass, value: string): Buffer {
    return createHmac('sha256', this.macKeys.get(keyClass)!).update(value).digest();
  }

  private add(row: Pick<DataKeyRow, 'id' | 'class'>, key: Buffer): void {
    this.keys.set(row.id, key);
    this.current.set(row.class, row.id);
    if (this.macKeys.has(row.class)) return;
    // HKDF (RFC 5869): the key that seals is not the key that hashes.
    const macKey = hkdfSync('sha256', key, '', 'mac', 32);
    this.macKeys.set(row.class, Buffer.from(macKey));
  }

  private async create(keyClass: KeyClass, database: Database, master: MasterKey): Promise<void> {
    const row = { id: randomUUID(), class: keyClass };
    const key = randomBytes(32);
    await database.rows('INSERT INTO data_keys (id, class, wrapped) VALUES ($1, $2, $3)', [
      row.id,
      row.class,
      seal(master.bytes, key, wrapContext(row)),
    ]);
    this.add(row, key);
  }
}

/** The salt is made with the first data key: later, a passphrase could not be what opens them. */
async function derived(
  database: Database,
  given: MasterKey | Passphrase,
  inUse: boolean,
): Promise<MasterKey> {
  const stored = await database.row<{ salt: Buffer; iterations: number }>(
    'SELECT salt, iterations FROM master_key_salt',
  );
  if (given instanceof MasterKey) {
    if (!stored) return given;
    throw new MasterKeyError(
      `This database was made with a passphrase, and ${given.source} is none. ` +
        'Set MASTER_KEY_PASSPHRASE or MASTER_KEY_PASSPHRASE_FILE.',
    );
  }
  if (!stored && inUse) {
    throw new MasterKeyError(
      `This database was made with a master key, and ${given.source} holds a passphrase. ` +
        'Set MASTER_KEY or MASTER_KEY_FILE.',
    );
  }
  const { salt, iterations } = stored ?? {
    salt: randomBytes(saltBytes),
    iterations: passphraseIterations,
  };
  if (!stored) {
    await database.rows('INSERT INTO master_key_salt (salt, iterations) VALUES ($1, $2)', [
      salt,
      iterations,
    ]);
  }
  return new MasterKey(await given.derive(salt, iterations), given.source);
}

function unwrap(row: DataKeyRow, masterKey: MasterKey): Buffer {
  try {
    return open(masterKey.bytes, row.wrapped, wrapContext(row));
  } catch {
    throw new MasterKeyError(
      `The master key from ${masterKey.source} does not open data key ${row.id} (${row.class}). ` +
        'Start with the key this database was made with; without it the sealed data is lost.',
    );
  }
}

function wrapContext(row: Pick<DataKeyRow, 'id' | 'class'>): string {
  return `data_keys.wrapped:${row.class}:${row.id}`;
}
