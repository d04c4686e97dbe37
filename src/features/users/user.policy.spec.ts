import { AppError } from '../../platform/errors/app-error.js';
import {
  demandUnreserved,
  identifierKey,
  normaliseEmail,
  normaliseUsername,
} from './user.policy.js';

describe('Normalised identities', () => {
  it.each([
    ['Ada@Example.COM', 'Ada@example.com', 'ada@example.com'],
    ['ａｄａ@example.com', 'ada@example.com', 'ada@example.com'],
    ['ada@BÜCHER.example', 'ada@xn--bcher-kva.example', 'ada@xn--bcher-kva.example'],
    ['a+b@example.com', 'a+b@example.com', 'a+b@example.com'],
  ])('[ID-01] %s is one mailbox', (input, value, key) => {
    expect(normaliseEmail(input)).toEqual({ value, key });
  });

  it.each([
    ['Cyrillic look-alike', '\u0430da@example.com'],
    ['zero-width space', 'a\u200bda@example.com'],
    ['no local part', '@example.com'],
    ['no domain', 'ada@'],
    ['line break', 'ada\r\nbcc:x@example.com'],
    ['a second address after folding', 'attacker\uff20evil.com\uff0cx@corp.example'],
    ['brackets after folding', 'a\uff1cb\uff20evil.com\uff1e@corp.example'],
    ['a domain that would be cut', 'x@evil.com\ufe5f.corp.example'],
    ['a path in the domain', 'x@\u2100.example'],
    ['quotes', '"a b"@example.com'],
  ])('[ID-01][V1.3.11] an address with %s is refused', (_reason, input) => {
    expect(() => normaliseEmail(input)).toThrow(AppError);
  });

  it('[ID-01] usernames fold case and full-width forms', () => {
    expect(normaliseUsername('Ａｄａ.L')).toEqual({ value: 'Ada.L', key: 'ada.l' });
  });

  it('[ID-12] nobody registers a name that passes for the service', () => {
    expect(() => demandUnreserved(normaliseUsername('ＡDMIN'))).toThrow(AppError);
    expect(() => demandUnreserved(normaliseUsername('administer'))).not.toThrow();
  });

  it.each(['ab', '-ada', 'ada.', 'a da', 'аdа', 'a@b', 'x'.repeat(33), 'ada\u200d1'])(
    '[ID-01] the username %j is refused',
    (input) => {
      expect(() => normaliseUsername(input)).toThrow(AppError);
    },
  );

  it('[ID-03] what was typed at sign-in is an address when it has an @', () => {
    expect(identifierKey('Ada@example.com')).toEqual({ emailKey: 'ada@example.com' });
    expect(identifierKey('ADA')).toEqual({ usernameKey: 'ada' });
    expect(identifierKey('no such thing')).toBeNull();
  });
});
