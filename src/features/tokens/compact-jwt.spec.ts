import { parseCompactJwt } from './compact-jwt.js';

type Part = string | object;

const kid = 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs';
const header = { alg: 'RS256', typ: 'at+jwt', kid };
const claims = { sub: 'ada', exp: 1 };
/** 32 bytes: two characters are left over after the last group of four, and so are bits. */
const signature = Buffer.alloc(32, 0xfb).toString('base64url');

const encode = (part: Part): string =>
  Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url');
const token = (head: Part = header, body: Part = claims, end = signature): string =>
  `${encode(head)}.${encode(body)}.${end}`;

describe('Compact JWTs', () => {
  it('[ID-06] are taken apart', () => {
    expect(parseCompactJwt(token())).toEqual({ header, claims });
  });

  it('[ID-06] may have the members of the header in any order', () => {
    expect(parseCompactJwt(token({ kid, typ: 'at+jwt', alg: 'ES256' }))).not.toBeNull();
  });

  const good = token();
  const [first = '', second = '', third = ''] = good.split('.');
  it.each<[string, string]>([
    ['nothing', ''],
    ['one part', first],
    ['two parts', `${first}.${second}`],
    ['four parts', `${good}.${third}`],
    ['an empty header', `.${second}.${third}`],
    ['empty claims', `${first}..${third}`],
    ['no signature', `${first}.${second}.`],
    ['space before', ` ${good}`],
    ['space after', `${good} `],
    ['a line break within', `${first}.${second}\n.${third}`],
    ['a tab in the signature', `${first}.${second}.${third.slice(0, 9)}\t${third.slice(9)}`],
    ['padding', `${good}=`],
    ['padding in the header', `${first}=.${second}.${third}`],
    ['standard base64', good.replace(/-|_/, '+')],
    ['a character of no alphabet', `${good.slice(0, -1)}~`],
    ['a part of impossible length', `${first}.${second}.A`],
    ['bits left over in the signature', `${good.slice(0, -1)}t`],
    ['bits left over in the claims', `${first}.${encode('{"a":1234}').slice(0, -1)}R.${third}`],
    ['more than 4 kB', token(header, { sub: 'x'.repeat(4_096) })],
    ['a header that is no JSON', token('{alg:RS256}')],
    ['a header that is a list', token('[]')],
    ['a header that is null', token('null')],
    ['a header that is a text', token('"RS256"')],
    ['claims that are no JSON', token(header, 'sub=ada')],
    ['claims that are a list', token(header, '[{"sub":"ada"}]')],
    ['text after the header', token(`${JSON.stringify(header)} {}`)],
    ['a byte order mark', token(`\ufeff${JSON.stringify(header)}`)],
    [
      'bytes that are no UTF-8',
      `${Buffer.from([0x7b, 0xff, 0x7d]).toString('base64url')}.${second}.${third}`,
    ],
    ['alg twice', token(`{"alg":"none","alg":"RS256","typ":"at+jwt","kid":"${kid}"}`)],
    [
      'alg twice, once escaped',
      token(`{"\\u0061lg":"none","alg":"RS256","typ":"at+jwt","kid":"${kid}"}`),
    ],
    ['sub twice', token(header, '{"sub":"eve","sub":"ada","exp":1}')],
    [
      '__proto__ in the header',
      token(`{"__proto__":{},"alg":"RS256","typ":"at+jwt","kid":"${kid}"}`),
    ],
    ['claims a thousand deep', token(header, `{"a":${'['.repeat(1000)}${']'.repeat(1000)}}`)],
    ['no alg', token({ typ: 'at+jwt', kid })],
    ['alg that is no text', token({ ...header, alg: ['RS256'] })],
    ['no typ', token({ alg: 'RS256', kid })],
    ['typ JWT', token({ ...header, typ: 'JWT' })],
    ['typ in capitals', token({ ...header, typ: 'AT+JWT' })],
    ['typ as a whole media type', token({ ...header, typ: 'application/at+jwt' })],
    ['no kid', token({ alg: 'RS256', typ: 'at+jwt' })],
    ['a kid that is a path', token({ ...header, kid: '../../dev/null' })],
    ['a kid that is SQL', token({ ...header, kid: "' OR 1=1 --".padEnd(43, '-') })],
    ['a kid that is no text', token({ ...header, kid: { length: 43 } })],
    ['crit', token({ ...header, crit: ['exp'] })],
    ['b64', token({ ...header, b64: false })],
    ['jwk', token({ ...header, jwk: { kty: 'oct', k: 'AAAA' } })],
    ['jku', token({ ...header, jku: 'https://evil.example/jwks.json' })],
    ['x5u', token({ ...header, x5u: 'https://evil.example/cert.pem' })],
    ['x5c', token({ ...header, x5c: ['MIIB'] })],
    ['zip', token({ ...header, zip: 'DEF' })],
    ['cty', token({ ...header, cty: 'JWT' })],
  ])('[ID-06][V9.1.3][V9.2.2] with %s are refused', (_flaw, text) => {
    expect(parseCompactJwt(text)).toBeNull();
  });

  it('[ID-06] have one spelling: no other last character of a part is read', () => {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const read = [...alphabet].filter((last) => parseCompactJwt(`${good.slice(0, -1)}${last}`));
    expect(read).toHaveLength(16); // 4 of the last 6 bits are of the signature
  });
});
