import { redacted } from './redact.js';

const secret = 'hunter2';
const textOf = (fields: object): string => JSON.stringify(redacted(fields));

class Register {
  email = 'ada@example.com';
  password = secret;
}

describe('Redaction of the log', () => {
  it.each([
    { password: secret },
    { Password: secret, PASSWORD: secret, pass_word: 'x', 'current-password': secret },
    { passwordConfirmation: secret, currentPassword: secret, passwordHash: secret },
    { accessToken: secret, refresh_token: secret, token: secret },
    { headers: { Authorization: `Bearer ${secret}`, cookie: secret, 'set-cookie': [secret] } },
    { headers: { 'X-Api-Key': secret } },
    { key: secret, masterKey: secret, privateKey: secret, secret: { value: secret } },
    { parameters: [secret], err: { parameters: { a: secret } } },
    { body: new Register() },
    { users: [{ password: secret }, { list: [{ token: secret }] }] },
    { a: { b: { c: { d: { password: secret } } } } },
    { a: { b: { c: { d: { e: { f: { g: { password: secret } } } } } } } },
    { toJSON: (): object => ({ password: secret }) },
    { nested: { toJSON: (): object => ({ token: secret }) } },
  ])('[V16.2.5] keeps the secret of %j', (fields) => {
    expect(textOf(fields)).not.toContain(secret);
  });

  it('[V16.2.5] keeps what PostgreSQL and TypeORM tell of a failed statement', () => {
    const row = `Failing row contains (1, ada@example.com, ${secret})`;
    const driverError = Object.assign(new Error('null value'), { code: '23502', detail: row });
    const failure = Object.assign(new Error('null value', { cause: driverError }), {
      query: 'INSERT INTO users VALUES ($1)',
      parameters: [secret],
      driverError,
    });
    for (const fields of [{ err: failure }, { err: new AggregateError([failure], 'both') }]) {
      const text = textOf(fields);
      expect(text).not.toContain(secret);
      expect(text).toContain('null value');
    }
    expect(redacted({ err: failure })).toMatchObject({
      err: {
        type: 'Error',
        message: 'null value: null value',
        stack: expect.stringContaining('caused by: ') as unknown,
        query: 'INSERT INTO users VALUES ($1)',
        driverError: { code: '23502', detail: '[redacted]' },
      },
    });
  });

  it('[V16.2.1] leaves everything else as it is', () => {
    const at = new Date(0);
    const fields = {
      requestId: 'r-1',
      status: 200,
      durationMs: 1.5,
      ok: true,
      nothing: null,
      at,
      url: new URL('http://x/'),
      list: [1, 'two', { three: 3 }],
      monkey: 'keyboard tokens',
    };
    expect(JSON.parse(textOf(fields))).toEqual(JSON.parse(JSON.stringify(fields)));
  });

  it('[V16.4.1] survives circles and great depth', () => {
    const circle: Record<string, unknown> = { name: 'x' };
    circle['self'] = circle;
    expect(() => textOf({ circle, list: [circle, circle] })).not.toThrow();
    let deep: Record<string, unknown> = { password: secret };
    for (let level = 0; level < 10_000; level++) deep = { deep };
    expect(textOf(deep).length).toBeLessThan(200);
  });

  it('[V16.2.5] changes no object of the caller', () => {
    const fields = { password: secret, nested: { token: secret } };
    redacted(fields);
    expect(fields).toEqual({ password: secret, nested: { token: secret } });
  });
});
