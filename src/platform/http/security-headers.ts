import { type Config, HttpsConfig, PerimeterConfig, ProcessConfig } from '../config/index.js';

/**
 * The security headers of each surface, made once: ASVS V3.4.1 (HSTS), V3.4.3 (CSP), V3.4.4
 * (nosniff), V3.4.6 (frame-ancestors), V3.2.1 (API answers never render).
 */
export type Surface = 'api' | 'docs' | 'page';

const everywhere = {
  'strict-transport-security': 'max-age=31536000; includeSubDomains',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'x-permitted-cross-domain-policies': 'none',
} as const;

const closed = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

export const securityHeaders: Readonly<Record<Surface, Readonly<Record<string, string>>>> = {
  api: {
    ...everywhere,
    'content-security-policy': `${closed}; object-src 'none'; sandbox`,
    'cache-control': 'no-store',
  },
  // Swagger UI sets style attributes and draws data: images; its scripts are files of ours.
  docs: {
    ...everywhere,
    'content-security-policy': `${closed}; object-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'`,
  },
  page: {
    ...everywhere,
    'content-security-policy': `${closed}; object-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'`,
    'cache-control': 'no-store',
  },
};

/** Where browsers send reports, when they are asked to. */
export const reportsPath = '/api/v1/csp-reports';

/** The headers of each surface as the installation wants them, made once at start. */
export function securityHeadersOf(config: Config): typeof securityHeaders {
  const { cspApi, cspDocs, cspPages, cspReports } = config.get(PerimeterConfig);
  const { origin } = new URL(config.get(ProcessConfig).publicUrl);
  const reports = cspReports === 'on' ? origin + reportsPath : undefined;
  const hsts = strictTransportSecurity(config.get(HttpsConfig));
  const adapted = (
    surface: Surface,
    policy = securityHeaders[surface]['content-security-policy']!,
    reportTo?: string,
  ): Record<string, string> => ({
    ...securityHeaders[surface],
    'strict-transport-security': hsts,
    ...(reportTo ? reporting(policy, reportTo) : { 'content-security-policy': policy }),
  });
  return {
    api: adapted('api', cspApi), // never rendered, so there is nothing to report
    docs: adapted('docs', cspDocs, reports),
    page: adapted('page', cspPages, reports),
  };
}

/** RFC 6797, section 6.1. */
function strictTransportSecurity(config: HttpsConfig): string {
  return [
    `max-age=${config.hstsSeconds}`,
    ...(config.hstsSubdomains === 'on' ? ['includeSubDomains'] : []),
    ...(config.hstsPreload === 'on' ? ['preload'] : []),
  ].join('; ');
}

/** `report-uri` for browsers without the Reporting API; one with it ignores the older word. */
function reporting(policy: string, url: string): Record<string, string> {
  return {
    'content-security-policy': /\breport-(to|uri)\b/.test(policy)
      ? policy
      : `${policy}; report-uri ${url}; report-to csp`,
    'reporting-endpoints': `csp="${url}"`,
  };
}

export function surfaceOf(url: string): Surface {
  if (url.startsWith('/docs')) return 'docs';
  return /^\/(setup|account)(?![\w-])/.test(url) ? 'page' : 'api';
}
