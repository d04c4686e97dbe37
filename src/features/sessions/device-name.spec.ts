import { deviceName } from './device-name.js';

describe('Names of devices', () => {
  it.each([
    ['Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0', 'Firefox on Linux'],
    [
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0',
      'Microsoft Edge on Windows',
    ],
    [
      'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1',
      'Safari on iOS',
    ],
    ['curl/8.5.0', 'curl'],
    ['<script>', null],
    ['Your account is locked! See http://evil.example now/2 ', null],
    ['evil.example/1.0', null],
    ['evil.example/1.0 (X11; Linux x86_64) x', 'Linux'],
    ['', null],
    [null, null],
  ])('[ID-08] %p is %p', (userAgent, name) => {
    expect(deviceName(userAgent)).toBe(name);
  });

  it('[ID-08] are bounded, and found in bounded time', () => {
    const started = performance.now();
    expect(deviceName('Mozilla/5.0 ('.repeat(20))!.length).toBeLessThanOrEqual(100);
    expect(deviceName('a'.repeat(256))).toHaveLength(100);
    expect(performance.now() - started).toBeLessThan(200);
  });
});
