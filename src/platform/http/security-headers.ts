import type { PerimeterConfig } from '../config/index.js';

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

/** The headers of each surface with the installation's own policies, made once at start. */
export function securityHeadersOf({
  cspApi,
  cspDocs,
  cspPages,
}: PerimeterConfig): typeof securityHeaders {
  const withPolicy = (surface: Surface, policy: string | undefined): Record<string, string> => ({
    ...securityHeaders[surface],
    ...(policy && { 'content-security-policy': policy }),
  });
  return {
    api: withPolicy('api', cspApi),
    docs: withPolicy('docs', cspDocs),
    page: withPolicy('page', cspPages),
  };
}

export function surfaceOf(url: string): Surface {
  if (url.startsWith('/docs')) return 'docs';
  return /^\/(setup|account)(?![\w-])/.test(url) ? 'page' : 'api';
}
