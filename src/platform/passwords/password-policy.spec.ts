import {
  maxLength,
  minLength,
  minLengthWithSecondFactor,
  passwordWeakness,
} from './password-policy.js';

const context = ['ada.lovelace@example.com', 'analytical', 'gatehouse'];
const ruleOf = (password: string): string | undefined => passwordWeakness(password, context)?.rule;

describe('Password policy', () => {
  it.each([
    ['', 'minLength'],
    ['fourteen chars', 'minLength'],
    ['🐢🐇🦊🐻🐼🐨🐯🦁🐮🐷🐸🐵🐔🐧', 'minLength'],
    ['e\u0301'.repeat(7), 'minLength'],
    ['aaaaaaaaaaaaaaaa', 'repetition'],
    ['AAAAAAAAaaaaaaaa', 'repetition'],
    ['               ', 'repetition'],
    ['abcabcabcabcabcabc', 'repetition'],
    ['abcabcabcabcabcab', 'repetition'],
    ['passwordpassword', 'repetition'],
    ['PassWordpassword', 'repetition'],
    ['correct horse correct horse', 'repetition'],
    ['äöüäöüäöüäöüäöü', 'repetition'],
    ['ｑｑｑｑｑｑｑｑｑｑｑｑｑｑｑｑ', 'repetition'],
    ['123456789012345', 'sequence'],
    ['543210987654321', 'sequence'],
    ['1234567890123456789012345678901234567890', 'repetition'],
    ['qwertyuiopasdfgh', 'sequence'],
    ['QWERTYUIOPasdfgh', 'sequence'],
    ['qwertzuiopasdfgh', 'sequence'],
    ['azertyuiopqsdfgh', 'sequence'],
    ['lkjhgfdsapoiuytr', 'sequence'],
    ['abcdefghijklmnop', 'sequence'],
    ['zyxwvutsrqponmlk', 'sequence'],
    ['1q2w3e4r5t6y7u8i', 'sequence'],
    ['1qaz2wsx3edc4rfv', 'sequence'],
    ['qwerty123456789', 'sequence'],
    ['１２３４５６７８９０１２３４５', 'sequence'],
    ['password1234567', 'common'],
    ['P@ssw0rd!!!!!!!!', 'common'],
    ['!!!1234 Dragon 5678!!!', 'common'],
    ['1l0v3y0u-20-11-2026', 'common'],
    ['gatehouse-gateHouse!', 'context'],
    ['Ada.Lovelace181', 'context'],
    ['lovelace@example.com', 'context'],
    ['analytical-ada-1', 'context'],
    ['x'.repeat(maxLength) + 'y', 'maxLength'],
  ])('[ID-05][V6.2.1][V6.2.11] refuses %j: %s', (password, rule) => {
    expect(ruleOf(password)).toBe(rule);
    expect(passwordWeakness(password, context)!.message).not.toContain(password || '""');
  });

  it.each([
    'a ship in port is safe',
    'correct horse battery staple',
    'fifteen charact',
    'echo and then echo',
    'a fifteenth one a',
    'Tr0ub4dor&3-Tr0ub4d0r',
    'päßwörter sind lang genug',
    'верный конь батарейка',
    '正しい馬電池ホチキス正解です良',
    '🐢🐇🦊🐻🐼🐨🐯🦁🐮🐷🐸🐵🐔🐧🐦',
    'only lower case letters',
    'my gatehouse opens at dawn',
    "'; DROP TABLE users; --",
    '<script>alert(1)</script>',
    '   leading and trailing blanks   ',
    '%s%n%x {{7*7}} ${jndi}',
    'e\u0301'.repeat(3) + ' decomposed accents',
  ])('[ID-05][V6.2.5] accepts %j as it is', (password) => {
    expect(ruleOf(password)).toBeUndefined();
  });

  it('[ID-05][V6.2.1] asks for 8 characters beside a second factor, and for no less sense', () => {
    const rule = (password: string): string | undefined =>
      passwordWeakness(password, context, minLengthWithSecondFactor)?.rule;
    expect(rule('harbour')).toBe('minLength');
    expect(rule('harbour7 ship')).toBeUndefined();
    expect(rule('vq8#Lw2z')).toBeUndefined();
    expect(rule('12345678')).toBe('sequence');
    expect(rule('password')).toBe('common');
    expect(rule('abababab')).toBe('repetition');
    expect(rule('lovelaceada')).toBe('context');
  });

  it('[V6.2.9] accepts 64 characters and more, up to its bound', () => {
    const text = Array.from({ length: maxLength }, (_, index) =>
      String.fromCodePoint(0x4e00 + ((index * 7_919) % 20_000)),
    ).join('');
    for (const length of [minLength, 64, 65, 128, maxLength]) {
      expect(ruleOf(text.slice(0, length))).toBeUndefined();
    }
    const emoji = Array.from({ length: maxLength }, (_, index) =>
      String.fromCodePoint(0x1f300 + ((index * 211) % 500)),
    ).join('');
    expect(ruleOf(emoji)).toBeUndefined();
  });

  it('[ID-05] takes words of the context for what they are, not for patterns', () => {
    const hostile = ['(a+)+$', '.*', '[', '\\', '$&', 'aaaa'.repeat(50), ''];
    expect(passwordWeakness('a ship in port is safe', hostile)).toBeUndefined();
    expect(passwordWeakness('the (a+)+$ of 1815 engines', hostile)).toBeUndefined();
  });

  it('[V1.3.12] takes no longer for hostile texts', () => {
    const started = performance.now();
    for (const text of ['a', 'ab', 'qw', '\u0301', 'ﷺ', '1', ' ']) {
      passwordWeakness(text.repeat(25_000), context);
      passwordWeakness(text.repeat(256 / text.length), [text.repeat(250), 'abab']);
    }
    expect(performance.now() - started).toBeLessThan(500);
  });
});
