import { fromOwnPage } from './own-page.policy.js';

const own = 'https://gatehouse.example.com';
const neighbour = 'https://app.example.com';
const origins = new Set([own, neighbour]);

describe('Where a request of a browser comes from', () => {
  it.each([
    [true, 'our own page', own, 'same-origin'],
    [true, 'our own page in a browser without Fetch Metadata', own, undefined],
    [true, 'a neighbour that CORS_ORIGINS names', neighbour, 'same-site'],
    [true, 'no browser at all', undefined, undefined],
    [true, 'the address bar', undefined, 'none'],
    [false, 'a neighbour that nobody named', 'https://blog.example.com', 'same-site'],
    [false, 'a neighbour that hides its name', undefined, 'same-site'],
    [false, 'another site', 'https://evil.example.net', 'cross-site'],
    [false, 'another site that hides its name', undefined, 'cross-site'],
    [false, 'another site that is on the list', neighbour, 'cross-site'],
    [
      false,
      'another site in a browser without Fetch Metadata',
      'https://evil.example.net',
      undefined,
    ],
    [false, 'a sandboxed frame', 'null', 'cross-site'],
    [false, 'a sandboxed frame of ours', 'null', 'same-origin'],
    [false, 'our host by plain HTTP', 'http://gatehouse.example.com', 'same-site'],
    [false, 'a name that ends like ours', 'https://evil-gatehouse.example.com', undefined],
    [false, 'a value that no browser sends', own, 'somewhere'],
  ])('[PE-05][V3.5.1] %s: %s', (expected, _who, origin, site) => {
    const headers = { ...(origin && { origin }), ...(site && { 'sec-fetch-site': site }) };
    expect(fromOwnPage(headers, origins)).toBe(expected);
  });
});
