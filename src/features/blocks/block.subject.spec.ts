import { subjectOf, subjectText } from './block.subject.js';

const id = '0199a0b0-7c1e-7b52-8f4d-3f1d2c9a6b10';

describe('Who is blocked', () => {
  it.each([
    ['203.0.113.7', '203.0.113.7'],
    ['203.0.113.7/32', '203.0.113.7'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['64:ff9b::203.0.113.7', '203.0.113.7'],
    ['2001:db8:1:2::/64', '2001:db8:1:2::/64'],
    ['2001:DB8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8::/64'],
    ['::1', '::/64'],
    [`user:${id}`, `user:${id}`],
    [`api-key:${id.toUpperCase()}`, `api-key:${id}`],
  ])('[PE-02] %s is %s', (written, text) => {
    const subject = subjectOf(written)!;
    expect(subjectText(subject)).toBe(text);
    expect(subjectOf(text)).toEqual(subject);
  });

  it.each([
    ...['', 'gone', 'localhost', '203.0.113', '203.0.113.7/24', '203.0.113.7/', '10.0.0.0/8'],
    ...['2001:db8::/32', '2001:db8::/64/64', 'fe80::1%eth0', `role:${id}`, 'user:ada', 'user:'],
    ...["' OR 1=1", '__proto__', 'network:203.0.113.7'],
  ])('[PE-02] %s is nobody', (written) => {
    expect(subjectOf(written)).toBeUndefined();
  });
});
