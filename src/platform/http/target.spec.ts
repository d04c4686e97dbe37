import { authorityOf, decodes, originForm } from './target.js';

describe('Request target', () => {
  it.each([
    ['/', '/'],
    ['/a?b=c', '/a?b=c'],
    ['http://host', '/'],
    ['http://host/a?b', '/a?b'],
    ['HTTPS://host:1?b', '/?b'],
    ['http://a@host/x', '/http://a@host/x'],
    ['ftp://host/x', '/ftp://host/x'],
    ['*', '*'],
    ['', '/'],
    ['/%41', '/%41'],
    ['/api/%zz?a=%41', '/api/%25zz?a=%2541'],
    ['http://host/%', '/%25'],
  ])('[PE-08] routes %s as %s', (target, path) => {
    expect(originForm(target)).toBe(path);
    expect(decodes(originForm(target))).toBe(true);
  });

  it('[PE-08][V4.2.1] finds the server that an absolute target names', () => {
    expect(authorityOf('http://Host:8080/x')).toBe('Host:8080');
    expect(authorityOf('http://[::1]/')).toBe('[::1]');
    for (const target of ['/x', 'http:///x', 'http://a@b/', 'http://a#b', 'ws://a/']) {
      expect(authorityOf(target)).toBeUndefined();
    }
  });
});
