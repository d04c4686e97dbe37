import {
  createHmac,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign as signBytes,
  verify,
} from 'node:crypto';

import { SigningKeysService } from '../../../src/features/tokens/signing-keys.service.js';
import { type SignedIn, TestApp } from '../../support/test-app.js';

type Json = Record<string, unknown>;

const encode = (value: Json | string): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
const decode = (part: string): Json =>
  JSON.parse(Buffer.from(part, 'base64url').toString()) as Json;

describe('Access tokens and their keys', () => {
  let app: TestApp;
  let user: SignedIn;
  let key: { id: string; privateKey: KeyObject; publicKey: KeyObject };
  let header: Json;
  let claims: Json;

  beforeAll(async () => {
    app = await TestApp.start();
    user = await app.member();
    key = await app.app.get(SigningKeysService).signing();
    const [first = '', second = ''] = user.accessToken.split('.');
    header = decode(first);
    claims = decode(second);
  });
  afterAll(() => app.close());

  const signed = (head: Json, body: Json, privateKey = key.privateKey): string => {
    const input = `${encode(head)}.${encode(body)}`;
    return `${input}.${signBytes('sha256', Buffer.from(input), privateKey).toString('base64url')}`;
  };
  const status = async (token: string): Promise<number> =>
    (await app.get('/api/v1/users/me', { token })).status;

  it('[ID-06][V9.2.2] are RS256 JWTs of type at+jwt with all claims', () => {
    expect(header).toEqual({ alg: 'RS256', typ: 'at+jwt', kid: key.id });
    expect(claims).toMatchObject({
      sub: user.id,
      aud: 'gatehouse',
      iss: 'http://localhost:3000',
      sid: expect.any(String),
      jti: expect.any(String),
    });
    expect((claims['exp'] as number) - (claims['iat'] as number)).toBe(3600);
  });

  it('[ID-06] verify with the published key, which is all another service needs', async () => {
    const { body, headers, status: code } = await app.get('/.well-known/jwks.json');
    expect(code).toBe(200);
    expect(headers['cache-control']).toBe('public, max-age=300');
    const jwk = body.keys.find((candidate: { kid: string }) => candidate.kid === header['kid']);
    expect(jwk).toMatchObject({ kty: 'RSA', use: 'sig', alg: 'RS256', e: 'AQAB' });
    expect(jwk).not.toHaveProperty('d');
    const [first, second, signature = ''] = user.accessToken.split('.');
    const publicKey = createPublicKey({ key: jwk, format: 'jwk' });
    const good = verify(
      'sha256',
      Buffer.from(`${first}.${second}`),
      publicKey,
      Buffer.from(signature, 'base64url'),
    );
    expect(good).toBe(true);
  });

  it('the forgeries below are refused for their flaw alone: a token made the same way passes', async () => {
    expect(await status(signed(header, claims))).toBe(200);
  });

  const now = Math.floor(Date.now() / 1000);
  it.each<[string, () => string]>([
    ['[V9.1.2] alg none', () => `${encode({ ...header, alg: 'none' })}.${encode(claims)}.`],
    ['[V9.1.2] alg none with a signature', () => signed({ ...header, alg: 'none' }, claims)],
    [
      '[V9.1.2] HS256 keyed with the public key',
      () => {
        const input = `${encode({ ...header, alg: 'HS256' })}.${encode(claims)}`;
        const pem = key.publicKey.export({ type: 'spki', format: 'pem' });
        return `${input}.${createHmac('sha256', pem).update(input).digest('base64url')}`;
      },
    ],
    ['[V9.1.2] PS256 named over an RS256 key', () => signed({ ...header, alg: 'PS256' }, claims)],
    [
      '[V9.1.1] another key',
      () => signed(header, claims, generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey),
    ],
    ['[V9.1.3] an unknown kid', () => signed({ ...header, kid: 'other' }, claims)],
    ['[V9.1.3] a kid that is a path', () => signed({ ...header, kid: '../../etc/passwd' }, claims)],
    ['[V9.1.3] a kid that is no text', () => signed({ ...header, kid: { a: 1 } }, claims)],
    [
      '[V9.1.3] a key inside the header',
      () => {
        const own = generateKeyPairSync('rsa', { modulusLength: 2048 });
        return signed(
          { alg: 'RS256', typ: 'at+jwt', jwk: own.publicKey.export({ format: 'jwk' }) },
          claims,
          own.privateKey,
        );
      },
    ],
    ['[V9.2.2] typ JWT', () => signed({ ...header, typ: 'JWT' }, claims)],
    ['[V9.2.2] no typ', () => signed({ alg: header['alg'], kid: header['kid'] }, claims)],
    ['[V9.2.1] expired', () => signed(header, { ...claims, exp: now - 10 })],
    ['[V9.2.1] without exp', () => signed(header, { ...claims, exp: undefined })],
    ['[V9.2.1] exp as text', () => signed(header, { ...claims, exp: String(now + 1000) })],
    ['[V9.2.1] not yet valid', () => signed(header, { ...claims, nbf: now + 60 })],
    ['[V9.2.3] another audience', () => signed(header, { ...claims, aud: 'other' })],
    ['another issuer', () => signed(header, { ...claims, iss: 'https://evil.example' })],
    ['no session', () => signed(header, { ...claims, sid: undefined })],
    ['a session that does not exist', () => signed(header, { ...claims, sid: user.id })],
    ['a session id that is no UUID', () => signed(header, { ...claims, sid: "' OR 1=1" })],
    [
      'another subject than the session has',
      () => signed(header, { ...claims, sub: '0199a0b0-7c1e-7b52-8f4d-3f1d2c9a6b10' }),
    ],
    ['padding', () => `${user.accessToken}=`],
    ['standard base64', () => user.accessToken.replace(/[-_]/g, '+')],
    ['four parts', () => `${user.accessToken}.x`],
    [
      'a changed claim',
      () => user.accessToken.replace(/\..*\./, `.${encode({ ...claims, sub: 'x' })}.`),
    ],
    ['5 kB of text', () => 'a.b.'.padEnd(5_000, 'c')],
  ])('[ID-06] refuses %s', async (_flaw, forge) => {
    expect(await status(forge())).toBe(401);
  });

  it.each([
    ['Basic', 'Basic YTpi'],
    ['two tokens', 'Bearer a b'],
    ['nothing', 'Bearer '],
    ['another scheme', 'Token x'],
  ])('[ID-06] %s in Authorization is refused with a challenge', async (_name, authorization) => {
    const answer = await app.get('/api/v1/users/me', { headers: { authorization } });
    expect(answer).toMatchObject({ status: 401, body: { code: 'auth.invalid_token' } });
    expect(answer.headers['www-authenticate']).toMatch(/^Bearer realm="gatehouse"/);
  });

  it('[ID-06] a bad token on a public route is nobody', async () => {
    expect((await app.get('/api/v1/info', { token: 'nonsense' })).status).toBe(200);
  });

  it('[V14.2.1] no token is read from the URL', async () => {
    expect((await app.get(`/api/v1/users/me?access_token=${user.accessToken}`)).status).not.toBe(
      200,
    );
  });

  it('[ID-06] the private key is sealed at rest and opens only with the master key', async () => {
    const { rows } = await app.database.superuser.query<{ private_sealed: Buffer }>(
      'SELECT * FROM signing_keys',
    );
    expect(rows).toHaveLength(1);
    const der = key.privateKey.export({ type: 'pkcs8', format: 'der' });
    expect(rows[0]!.private_sealed.includes(der.subarray(40, 80))).toBe(false);
    await expect(TestApp.start({ database: app.database })).rejects.toThrow(
      /does not open data key/,
    );
  });
});
