import { AccountsConfig, loadConfig } from '../config/index.js';
import { Overload } from '../load/index.js';
import { Metrics } from '../telemetry/metrics.js';
import { PasswordHasher } from './password-hasher.js';

const password = 'a ship in port is safe';
const salt = 'c2l4dGVlbiBieXRlIHNhbHQ';

/** Written by Python's hashlib and by the reference implementation of Argon2. */
const foreign: [string, string][] = [
  ['scrypt', `$scrypt$ln=14,r=8,p=1$${salt}$q5lpEE00YkZ0EtUDD03+8i+1VwiPRBXaypJuvzZZS18`],
  ['pbkdf2', `$pbkdf2-sha1$i=1000$${salt}$A92MtjjDmkfO8fR4a2sdBT3E074lS/jMDJsu264Vh/Q`],
  ['pbkdf2', `$pbkdf2-sha256$i=1000$${salt}$P5qItr0hldyBQH21Qw7/n/fei3PvNAY9zGKpXmaqXHM`],
  ['pbkdf2', `$pbkdf2-sha512$i=1000$${salt}$FUFv6ARhe33javWxzfYH2v33d4nW1GhVcU+9WArbvow`],
  [
    'argon2',
    '$argon2i$v=19$m=64,t=1,p=2$ltHdWA/0LZOnGqI2GsADDg$wlDjauMFUdhI5mPuntHMly1fHx5hoqztwAPtqp9xZ8s',
  ],
  [
    'argon2',
    '$argon2d$v=19$m=64,t=1,p=2$aG8qY4to8Lumtb/A1tj9Hw$tzwyAQiHHCdfNLI/LrARvaUxLrN0dwHecvD2MkASg/o',
  ],
  [
    'argon2id',
    '$argon2id$v=19$m=64,t=1,p=2$P69XNCeHMzuPgwLhkkFx5w$x6zGVOpoFW+mW30KvEEYRLF5RD5b+2Wkm3KEJQUsvps',
  ],
];

describe('Hashes that other systems wrote', () => {
  const metrics = new Metrics();
  const hasher = new PasswordHasher(
    loadConfig({}).get(AccountsConfig),
    metrics,
    new Overload(metrics),
  );

  it.each(foreign)('[ID-04] %s: %s', async (algorithm, hash) => {
    expect(hasher.accepts(hash)).toBe(true);
    expect(await hasher.verify(hash, password)).toEqual({
      matches: true,
      algorithm,
      outdated: true,
    });
    for (const other of ['', 'A ship in port is safe', `${password} `]) {
      expect((await hasher.verify(hash, other)).matches).toBe(false);
    }
  });

  it('[ID-04] the vector of RFC 7914, section 12', async () => {
    const hash =
      '$scrypt$ln=14,r=8,p=1$U29kaXVtQ2hsb3JpZGU$cCO9yzr9c0hGHAbNgf046/2o+7qQT44+qbVD9lRdofLVQylVYT8Pz2LUlwUkKpr55h6F3A1lHkDfzwF7RVdYhw';
    expect((await hasher.verify(hash, 'pleaseletmein')).matches).toBe(true);
  });

  it.each([
    '',
    'plain text',
    '$1$salt$hash',
    '$2b$17$cjl2Y6zGtP9yYBMQLJdJA.OLqkBLyFqQzvpjsZyQdrWU6sqqGKVmS', // hours a sign-in
    '$2b$12$short',
    '$argon2id$v=19$m=4194304,t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA',
    '$argon2id$v=19$m=64,t=1000,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA',
    `$scrypt$ln=21,r=8,p=1$${salt}$q5lpEE00YkZ0EtUDD03+8i+1VwiPRBXaypJuvzZZS18`,
    `$scrypt$ln=20,r=32,p=1$${salt}$q5lpEE00YkZ0EtUDD03+8i+1VwiPRBXaypJuvzZZS18`,
    `$scrypt$ln=14,p=1$${salt}$q5lpEE00YkZ0EtUDD03+8i+1VwiPRBXaypJuvzZZS18`,
    `$pbkdf2-sha256$i=50000000$${salt}$P5qItr0hldyBQH21Qw7/n/fei3PvNAY9zGKpXmaqXHM`,
    `$pbkdf2-md5$i=1000$${salt}$P5qItr0hldyBQH21Qw7/n/fei3PvNAY9zGKpXmaqXHM`,
    `$pbkdf2-sha256$i=1000$${salt}$c2hvcnQ`,
    `$pbkdf2-sha256$i=1000$${salt}$${'A'.repeat(200)}`,
    `$pbkdf2-sha256$i=1000$sa lt$P5qItr0hldyBQH21Qw7/n/fei3PvNAY9zGKpXmaqXHM`,
  ])('[ID-04][V6.2.8] refuses %j', (hash) => {
    expect(hasher.accepts(hash)).toBe(false);
  });
});
