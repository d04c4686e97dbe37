import { loadConfig } from '../config/index.js';
import { securityHeaders, securityHeadersOf, type Surface, surfaceOf } from './security-headers.js';

const surfaces = Object.keys(securityHeaders) as Surface[];

describe('Security headers', () => {
  it.each(surfaces)('[PE-04][V3.4.1][V3.4.4][V3.4.6] are complete on the %s surface', (surface) => {
    expect(securityHeaders[surface]).toMatchObject({
      'strict-transport-security': 'max-age=31536000; includeSubDomains',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'content-security-policy': expect.stringContaining("frame-ancestors 'none'") as unknown,
    });
  });

  it.each(surfaces)('[PE-04][V3.4.3] allow no foreign or inline script on %s', (surface) => {
    const directives = new Map(
      securityHeaders[surface]['content-security-policy']!.split('; ').map((directive) => {
        const [name = '', ...sources] = directive.split(' ');
        return [name, sources] as const;
      }),
    );
    expect(directives.get('default-src')).toEqual(["'none'"]);
    expect(directives.get('object-src')).toEqual(["'none'"]);
    expect(directives.get('base-uri')).toEqual(["'none'"]);
    for (const source of directives.get('script-src') ?? []) expect(source).toBe("'self'");
    expect([...directives.values()].flat().join(' ')).not.toMatch(/\*|https?:|unsafe-eval/);
  });

  it('[PE-04][V14.3.2] forbid to store what is not public', () => {
    expect(securityHeaders.api['cache-control']).toBe('no-store');
    expect(securityHeaders.page['cache-control']).toBe('no-store');
    expect(securityHeaders.api['content-security-policy']).toContain('sandbox');
  });

  it('[PE-04][V3.4.3] take the policy of the installation, each surface its own', () => {
    const policy = "default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'";
    expect(securityHeadersOf(loadConfig({ CSP_DOCS: policy }))).toEqual({
      ...securityHeaders,
      docs: { ...securityHeaders.docs, 'content-security-policy': policy },
    });
  });

  it('[PE-04][PE-09][V3.4.1] tell browsers to come by https for as long as the installation wants', () => {
    const hstsOf = (env: Record<string, string>): string[] => [
      ...new Set(
        Object.values(securityHeadersOf(loadConfig(env))).map(
          (headers) => headers['strict-transport-security']!,
        ),
      ),
    ];
    expect(hstsOf({})).toEqual(['max-age=31536000; includeSubDomains']);
    expect(hstsOf({ HSTS_SECONDS: '63072000', HSTS_PRELOAD: 'on' })).toEqual([
      'max-age=63072000; includeSubDomains; preload',
    ]);
    expect(hstsOf({ HSTS_SECONDS: '0', HSTS_SUBDOMAINS: 'off' })).toEqual(['max-age=0']);
  });

  it('[PE-04][V3.4.7] ask for reports where pages render, if reports are wanted', () => {
    const env = { CSP_REPORTS: 'on', PUBLIC_URL: 'https://id.example.com/base' };
    const { api, docs, page } = securityHeadersOf(loadConfig(env));
    const url = 'https://id.example.com/api/v1/csp-reports';
    expect(api).toEqual(securityHeaders.api);
    for (const headers of [docs, page]) {
      expect(headers['reporting-endpoints']).toBe(`csp="${url}"`);
      expect(headers['content-security-policy']).toMatch(
        new RegExp(`; report-uri ${url}; report-to csp$`),
      );
    }
    const own = "object-src 'none'; base-uri 'none'; report-uri https://reports.example.com";
    expect(
      securityHeadersOf(loadConfig({ ...env, CSP_PAGES: own })).page['content-security-policy'],
    ).toBe(own);
  });

  it('[PE-04] know the surface of an address', () => {
    expect(['/docs', '/docs/x.css', '/setup', '/setup/setup.js'].map(surfaceOf)).toEqual([
      'docs',
      'docs',
      'page',
      'page',
    ]);
    for (const url of ['/', '/api/v1/setup', '/api/v1/docs', '*', '//docs', '/health?/docs']) {
      expect(surfaceOf(url)).toBe('api');
    }
  });
});
