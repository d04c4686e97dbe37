import type { FastifyRequest } from 'fastify';

import { toAppError } from '../errors/to-app-error.js';
import { checkForm, parseForm } from './form.js';

function codeOf(attempt: () => unknown): unknown {
  try {
    return attempt();
  } catch (error) {
    return toAppError(error).code;
  }
}

const parsed = (body: string | Buffer): unknown => codeOf(() => parseForm(Buffer.from(body)));

describe('Forms', () => {
  it.each([
    ['', {}],
    ['token=abc', { token: 'abc' }],
    [
      'token=a%2Bb+c&token_type_hint=access_token',
      { token: 'a+b c', token_type_hint: 'access_token' },
    ],
    ['token=%C3%A4', { token: 'ä' }],
    ['token', { token: '' }],
  ])('[AC-03] %j are read', (body, form) => {
    expect(parsed(body)).toEqual(form);
  });

  it.each([
    ['a parameter twice', 'token=a&token=b'],
    ['a parameter twice, once encoded', 'token=a&%74oken=b'],
    ['a lone percent sign', 'token=%'],
    ['half an escape', 'token=%4'],
    ['bytes that are no UTF-8', Buffer.from([0x74, 0x3d, 0xff])],
    ['escapes that are no UTF-8', 'token=%ff'],
    ['a control character', 'token=a%00b'],
    ['a member of Object.prototype', '__proto__x=1&constructor%00=1'],
    ['a name with brackets', 'token[a]=1'],
    ['too many parameters', Array.from({ length: 21 }, (_, i) => `p${'_'.repeat(i)}=1`).join('&')],
  ])('[AC-03][V2.2.1] with %s are refused', (_what, body) => {
    expect(parsed(body)).toBe('validation.failed');
  });

  it.each([
    ['application/x-www-form-urlencoded', undefined, 'http.unsupported_media_type'],
    ['Application/X-WWW-Form-URLencoded ; charset=utf-8', false, 'http.unsupported_media_type'],
    ['application/x-www-form-urlencoded', true, undefined],
    ['application/json', undefined, undefined],
    [undefined, undefined, undefined],
  ])('[V3.5.2] as %s are refused where none is taken (%s)', (type, acceptsForm, code) => {
    const request = {
      headers: { 'content-type': type },
      routeOptions: { config: { acceptsForm } },
    };
    expect(codeOf(() => checkForm(request as unknown as FastifyRequest))).toBe(code);
  });
});
