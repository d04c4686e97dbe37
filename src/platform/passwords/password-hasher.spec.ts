import { AccountsConfig, loadConfig } from '../config/index.js';
import { Overload } from '../load/index.js';
import { Metrics } from '../telemetry/metrics.js';
import { Bcrypt } from './algorithms.js';
import { PasswordHasher } from './password-hasher.js';

const metrics = new Metrics();
const password = 'a ship in port is safe';

async function hasherWith(environment: Record<string, string> = {}): Promise<PasswordHasher> {
  const hasher = new PasswordHasher(
    loadConfig(environment).get(AccountsConfig),
    metrics,
    new Overload(metrics),
  );
  await hasher.onModuleInit();
  return hasher;
}

describe('Password hasher', () => {
  it('[ID-04] hashes with the algorithm of the configuration', async () => {
    const hasher = await hasherWith();
    const hash = await hasher.hash(password);
    expect(hasher.algorithm).toBe('argon2id');
    expect(await hasher.verify(hash, password)).toEqual({
      matches: true,
      algorithm: 'argon2id',
      outdated: false,
    });
    expect((await hasherWith({ PASSWORD_HASH_ALGORITHM: 'bcrypt' })).algorithm).toBe('bcrypt');
  });

  it('[ID-04][V6.2.8] tells that a hash of yesterday should be renewed', async () => {
    const hasher = await hasherWith({ PASSWORD_ARGON2_ITERATIONS: '3' });
    const weaker = await (await hasherWith()).hash(password);
    expect(await hasher.verify(weaker, password)).toMatchObject({ matches: true, outdated: true });
    const bcrypt = await new Bcrypt(4).hash(password);
    expect(await hasher.verify(bcrypt, password)).toEqual({
      matches: true,
      algorithm: 'bcrypt',
      outdated: true,
    });
  });

  it('[ID-04][V6.3.8] does the same work for nobody, and nobody never matches', async () => {
    const hasher = await hasherWith();
    const observed = async (): Promise<number> =>
      (await metrics.histogram('password_hash_duration_seconds').get()).values.find(
        ({ metricName, labels }) =>
          metricName?.endsWith('_count') === true && labels['algorithm'] === 'argon2id',
      )?.value ?? 0;
    const before = await observed();
    for (const tried of [password, '', 'x'.repeat(256)]) {
      expect((await hasher.verify(null, tried)).matches).toBe(false);
    }
    expect((await observed()) - before).toBe(3); // one hash each, also for the first
  });

  it('[ID-04][V6.3.8] takes about as long for nobody as for somebody', async () => {
    const hasher = await hasherWith();
    const hash = await hasher.hash(password);
    const timeOf = async (against: string | null): Promise<number> => {
      const started = performance.now();
      await hasher.verify(against, 'not the password');
      return performance.now() - started;
    };
    const times: Record<'somebody' | 'nobody', number[]> = { somebody: [], nobody: [] };
    for (let round = 0; round < 11; round++) {
      times.somebody.push(await timeOf(hash));
      times.nobody.push(await timeOf(null));
    }
    const median = (of: number[]): number => of.sort((one, other) => one - other)[5]!;
    const [somebody, nobody] = [median(times.somebody), median(times.nobody)];
    expect(nobody / somebody).toBeGreaterThan(0.4);
    expect(nobody / somebody).toBeLessThan(2.5);
  });

  it('[V16.5.3] fails, rather than refuses, when a stored hash is of no known kind', async () => {
    const hasher = await hasherWith();
    await expect(hasher.verify('plain text', 'plain text')).rejects.toThrow('no known algorithm');
    await expect(hasher.verify('', '')).rejects.toThrow('no known algorithm');
  });

  it('[ID-04][F08] answers overload instead of hashing without a bound', async () => {
    const hasher = await hasherWith({
      PASSWORD_HASH_CONCURRENCY: '1',
      PASSWORD_HASH_QUEUE_LIMIT: '1',
    });
    const outcomes = await Promise.allSettled(
      Array.from({ length: 5 }, () => hasher.verify(null, password)),
    );
    const refused = outcomes.filter(({ status }) => status === 'rejected');
    expect(refused).toHaveLength(3);
    expect(refused[0]).toMatchObject({ reason: { code: 'server.overloaded' } });
    expect(await hasher.verify(null, password)).toMatchObject({ matches: false });
  });
});
