import { AuditConfig } from './concerns.js';
import { loadConfig } from './load-config.js';

describe('Settings of the audit trail', () => {
  const cosigner = 'one.example/w+4e3a4bbd+BAcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcH'; // of 32 bytes 07
  const load = (env: Record<string, string>) => loadConfig(env).get(AuditConfig);

  it('[AU-05] keep events for seven years, or by category', () => {
    const { retentionDays, retentionByCategory } = load({
      AUDIT_RETENTION_BY_CATEGORY: 'access=365, authentication=730',
    });
    expect(retentionDays).toBe(2_557);
    expect([...retentionByCategory]).toEqual([
      ['access', 365],
      ['authentication', 730],
    ]);
  });

  it.each(['access', 'access=0', 'access=1y', 'access=1,,', 'Access=1'])(
    '[AU-05] refuse %j for the ages of categories',
    (value) => {
      expect(() => load({ AUDIT_RETENTION_BY_CATEGORY: value })).toThrow(
        'AUDIT_RETENTION_BY_CATEGORY must list days by category',
      );
    },
  );

  it.each([
    ['one.example/w https://one.example', 'a verifier key reads'],
    [`${cosigner} https://one.example more`, 'must list witnesses'],
    [`${cosigner} ftp://one.example`, 'must list witnesses'],
    [`${cosigner} https://one.example`, 'wrong key id'],
  ])('[AU-02] refuse the witness %j', (value, message) => {
    expect(() => load({ AUDIT_WITNESSES: value })).toThrow(message);
  });
});
