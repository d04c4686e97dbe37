import { AppError } from '../../platform/errors/app-error.js';
import { readReports } from './csp-report.js';

const own = 'https://id.example.com';
const secret = 'ada@example.com';

/** As Chromium sends it. */
const modern = {
  type: 'csp-violation',
  age: 12,
  url: `${own}/account?who=${secret}`,
  user_agent: 'Mozilla/5.0',
  body: {
    blockedURL: `https://evil.example/x.js?stolen=${secret}`,
    columnNumber: 7,
    disposition: 'enforce',
    documentURL: `${own}/account?who=${secret}`,
    effectiveDirective: 'script-src-elem',
    lineNumber: 1,
    originalPolicy: "default-src 'none'",
    referrer: `https://mail.example/${secret}`,
    sample: secret,
    sourceFile: `${own}/account/account.js?${secret}`,
    statusCode: 200,
  },
};

/** As browsers without the Reporting API send it. */
const old = {
  'csp-report': {
    'document-uri': `${own}/docs?${secret}`,
    referrer: '',
    'violated-directive': "style-src 'self'",
    'effective-directive': 'style-src',
    'original-policy': "default-src 'none'",
    disposition: 'report',
    'blocked-uri': 'inline',
    'status-code': 200,
    'script-sample': secret,
  },
};

describe('A report of a violated policy', () => {
  it('[PE-04][V3.4.7] is read in its two forms, and says nothing of people', () => {
    const read = [...readReports([modern], own), ...readReports(old, own)];
    expect(read).toEqual([
      {
        surface: 'page',
        directive: 'script-src-elem',
        blocked: 'foreign',
        blockedOrigin: 'https://evil.example',
        disposition: 'enforce',
      },
      { surface: 'docs', directive: 'style-src', blocked: 'inline', disposition: 'report' },
    ]);
    expect(JSON.stringify(read)).not.toContain('ada');
  });

  it.each([
    ['', 'inline'],
    ['inline', 'inline'],
    ['eval', 'eval'],
    ['wasm-eval', 'eval'],
    ['data', 'data'],
    ['data:text/javascript,1', 'data'],
    ['blob', 'data'],
    [`${own}/x.js`, 'own'],
    ['https://cdn.example/x.js', 'foreign'],
    ['chrome-extension://abcdef/x.js', 'other'],
    ['https://', 'other'],
    ['javascript:alert(1)', 'other'],
  ])('[PE-04] tells what %j was: %s', (blockedURL, blocked) => {
    const body = { ...modern.body, blockedURL };
    expect(readReports([{ ...modern, body }], own)).toMatchObject([{ blocked }]);
  });

  it('[PE-04] keeps to known words, whatever it is told', () => {
    const body = { effectiveDirective: 'x'.repeat(500), disposition: 'x', documentURL: 'x' };
    expect(readReports([{ type: 'csp-violation', body }], own)).toEqual([
      { surface: 'api', directive: 'other', blocked: 'inline', disposition: 'enforce' },
    ]);
    const blockedURL = `https://${'a.'.repeat(400)}example/`;
    const [long] = readReports([{ type: 'csp-violation', body: { blockedURL } }], own);
    expect(long?.blockedOrigin?.length).toBeLessThanOrEqual(100);
  });

  it('[PE-04] takes the directive of CSP 2, and passes over reports of other kinds', () => {
    const older = { 'csp-report': { 'violated-directive': 'img-src https:' } };
    expect(readReports(older, own)).toMatchObject([{ directive: 'img-src' }]);
    const others = [{ type: 'deprecation', body: {} }, { type: 'csp-violation', body: null }, 1];
    expect(readReports(others, own)).toEqual([]);
    expect(readReports(Array(1_000).fill(modern), own)).toHaveLength(20);
  });

  it.each([null, undefined, 'x', 1, {}, { 'csp-report': null }, { 'csp-report': 'x' }])(
    '[PE-04] is not %j',
    (body) => {
      expect(() => readReports(body, own)).toThrow(AppError);
    },
  );
});
