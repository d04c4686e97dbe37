import { entityTag, names } from './entity-tag.js';

describe('Entity tags', () => {
  it('[PE-12] say by the content whether it is the same', () => {
    expect(entityTag('{"a":1}')).toMatch(/^"[\w-]{43}"$/);
    expect(entityTag('{"a":1}')).toBe(entityTag('{"a":1}'));
    expect(entityTag('{"a":1}')).not.toBe(entityTag('{"a":2}'));
  });

  it.each([
    ['"a"', true, true],
    [' "b" , "a"', true, true],
    ['W/"a"', true, false],
    ['*', true, true],
    ['"b"', false, false],
    ['a', false, false],
    ['"A"', false, false],
    ['', false, false],
    ['"a', false, false],
    ['w/"a"', false, false],
    ['"a*"', false, false],
  ])('[PE-12] %s names "a": weakly %s, strongly %s', (list, weakly, strongly) => {
    expect([names(list, '"a"', 'weak'), names(list, '"a"', 'strong')]).toEqual([weakly, strongly]);
  });
});
