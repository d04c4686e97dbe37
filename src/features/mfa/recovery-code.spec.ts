import { newRecoveryCode, newRecoveryCodes, recoveryCodeHash } from './recovery-code.js';

describe('Recovery codes', () => {
  it('[ID-09][V6.5.2] are ten, different, of 160 bits', () => {
    const codes = newRecoveryCodes();
    expect(new Set(codes).size).toBe(10);
    for (const code of codes) expect(code).toMatch(/^[A-Z2-7]{8}(-[A-Z2-7]{8}){3}$/);
  });

  it('[ID-09] are the same however they are typed', () => {
    const code = newRecoveryCode();
    const typed = [code.toLowerCase(), code.replaceAll('-', ''), ` ${code.replaceAll('-', ' ')} `];
    for (const text of typed) expect(recoveryCodeHash(text)).toEqual(recoveryCodeHash(code));
    expect(recoveryCodeHash(code)!.toString('latin1')).not.toContain(code);
  });

  it.each([
    ['empty', ''],
    ['a time code', '123456'],
    ['too short', 'A'.repeat(31)],
    ['too long', 'A'.repeat(33)],
    ['of another alphabet', '0'.repeat(32)],
  ])('[ID-09] %s text is none', (_name, text) => {
    expect(recoveryCodeHash(text)).toBeNull();
  });
});
