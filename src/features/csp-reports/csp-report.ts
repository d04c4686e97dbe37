import { invalid } from '../../platform/errors/app-error.js';
import { type Surface, surfaceOf } from '../../platform/http/security-headers.js';

/**
 * What is kept of a report: nothing that tells whose browser sent it, or what its page held.
 * Reports quote URLs with their queries, the referrer and pieces of scripts; all of that is left
 * behind.
 */
export interface Violation {
  /** The surface whose policy was violated. */
  surface: Surface;
  /** A directive of CSP level 3, or `other`. */
  directive: string;
  blocked: 'inline' | 'eval' | 'data' | 'own' | 'foreign' | 'other';
  /** Where the blocked thing would have come from; of `foreign` ones only. */
  blockedOrigin?: string;
  /** Whether it was blocked, or only reported. */
  disposition: 'enforce' | 'report';
}

/** Browsers collect reports for a while; far more than this is no browser. */
const maxReports = 20;
const maxOriginLength = 100;

/** https://www.w3.org/TR/CSP3/#csp-directives */
const directives = new Set(
  (
    'base-uri child-src connect-src default-src fenced-frame-src font-src form-action ' +
    'frame-ancestors frame-src img-src manifest-src media-src object-src prefetch-src ' +
    'require-trusted-types-for sandbox script-src script-src-attr script-src-elem style-src ' +
    'style-src-attr style-src-elem trusted-types upgrade-insecure-requests worker-src'
  ).split(' '),
);

/**
 * The violations in a body of the Reporting API, or in the older one of `report-uri`; other kinds
 * of reports are passed over. Whatever they say is the word of a stranger.
 * @param ownOrigin the origin of this service
 * @throws AppError `validation.failed` when it is no body of reports
 */
export function readReports(body: unknown, ownOrigin: string): Violation[] {
  if (Array.isArray(body)) {
    return body
      .slice(0, maxReports)
      .filter((report) => member(report, 'type') === 'csp-violation')
      .map((report) => member(report, 'body'))
      .filter((report) => typeof report === 'object' && report !== null)
      .map((report) => violationOf(textsOf(report as object, newNames), ownOrigin));
  }
  const report = member(body, 'csp-report');
  if (typeof report !== 'object' || report === null) {
    throw invalid('', 'report', 'must be a list of reports, or a csp-report');
  }
  return [violationOf(textsOf(report, oldNames), ownOrigin)];
}

/** The members of a report that are looked at, by their names in it. */
type Names = Record<'page' | 'directive' | 'blocked' | 'disposition', string>;

const newNames: Names = {
  page: 'documentURL',
  directive: 'effectiveDirective',
  blocked: 'blockedURL',
  disposition: 'disposition',
};
const oldNames: Names = {
  page: 'document-uri',
  directive: 'effective-directive',
  blocked: 'blocked-uri',
  disposition: 'disposition',
};

function textsOf(report: object, names: Names): Names {
  const text = (name: string): string => {
    const value = member(report, name);
    return typeof value === 'string' ? value : '';
  };
  return {
    page: text(names.page),
    directive: text(names.directive) || text('violated-directive').split(' ', 1)[0]!, // CSP 2
    blocked: text(names.blocked),
    disposition: text(names.disposition),
  };
}

function violationOf(report: Names, ownOrigin: string): Violation {
  const page = URL.canParse(report.page) ? new URL(report.page).pathname : '/';
  return {
    surface: surfaceOf(page),
    directive: directives.has(report.directive) ? report.directive : 'other',
    ...blockedOf(report.blocked, ownOrigin),
    disposition: report.disposition === 'report' ? 'report' : 'enforce',
  };
}

/** https://www.w3.org/TR/CSP3/#violation-resource: a keyword, a scheme, or a URL. */
function blockedOf(
  blocked: string,
  ownOrigin: string,
): Pick<Violation, 'blocked' | 'blockedOrigin'> {
  if (blocked === 'inline' || blocked === '') return { blocked: 'inline' };
  if (blocked === 'eval' || blocked === 'wasm-eval') return { blocked: 'eval' };
  if (/^(data|blob)(:|$)/.test(blocked)) return { blocked: 'data' };
  if (!/^https?:/.test(blocked) || !URL.canParse(blocked)) return { blocked: 'other' };
  const { origin } = new URL(blocked);
  if (origin === ownOrigin) return { blocked: 'own' };
  return { blocked: 'foreign', blockedOrigin: origin.slice(0, maxOriginLength) };
}

function member(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
  return (value as Record<string, unknown>)[name];
}
