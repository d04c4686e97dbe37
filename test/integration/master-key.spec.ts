import { randomBytes } from 'node:crypto';

import { LogKey } from '../../src/features/audit-log/index.js';
import { MasterKey, Passphrase } from '../../src/platform/crypto/index.js';
import { TestApp } from '../support/test-app.js';

describe('The master key of a database', () => {
  const passphrase = new Passphrase('correct horse battery staple', 'MASTER_KEY_PASSPHRASE');
  const key = new MasterKey(randomBytes(32), 'MASTER_KEY');

  it('[DP-01][DP-04] may come from a passphrase, and then no other and no key opens it', async () => {
    const app = await TestApp.start({ masterKey: passphrase });
    const { database } = app;
    const { verifierKey } = app.app.get(LogKey);
    const again = await TestApp.start({ database, masterKey: passphrase });
    expect(again.app.get(LogKey).verifierKey).toBe(verifierKey);
    await again.close();
    const { rows } = await database.superuser.query(
      'SELECT length(salt) AS salt, iterations FROM master_key_salt',
    );
    expect(rows).toEqual([{ salt: 16, iterations: 600_000 }]);
    const wrong = new Passphrase('correct horse battery stapler', 'MASTER_KEY_PASSPHRASE');
    await expect(TestApp.start({ database, masterKey: wrong })).rejects.toThrow(
      /MASTER_KEY_PASSPHRASE does not open data key [0-9a-f-]{36}/,
    );
    await expect(TestApp.start({ database, masterKey: key })).rejects.toThrow(
      'made with a passphrase, and MASTER_KEY is none',
    );
    await app.close();
  });

  it('[DP-04][F16] is never followed by a passphrase, nor a lost key of the log by another', async () => {
    const app = await TestApp.start({ masterKey: key });
    const { database } = app;
    await expect(TestApp.start({ database, masterKey: passphrase })).rejects.toThrow(
      'made with a master key, and MASTER_KEY_PASSPHRASE holds a passphrase',
    );
    const { rows } = await database.superuser.query<{ id: string }>(
      `DELETE FROM data_keys WHERE class = 'audit' RETURNING id`,
    );
    await expect(TestApp.start({ database, masterKey: key })).rejects.toThrow(
      new RegExp(`The key of the audit log .* cannot be opened: data key ${rows[0]!.id}`),
    );
    await app.close();
  });
});
