import { parseStrictJson } from '../../platform/http/strict-json.js';

/** The parts of a token that has the one form in which we write them. Nothing is verified yet. */
export interface CompactJwt {
  header: { alg: string; typ: string; kid: string };
  claims: Record<string, unknown>;
}

const maxLength = 4_096;
/** RFC 9068, section 2.1; read as it is written here, though media types have no case. */
const tokenType = 'at+jwt';
/** RFC 7638 thumbprint: SHA-256 in base64url. */
const keyId = /^[A-Za-z0-9_-]{43}$/;
const headerMembers = ['alg', 'kid', 'typ'];

/**
 * Takes a token apart, and refuses every form but the one that we issue, before a library with
 * rules of its own sees it: JWS compact serialisation (RFC 7515, section 7.1) in canonical
 * base64url, so that one token has one spelling; JSON without duplicate members (RFC 7515,
 * section 4); a header of `alg`, `typ` and `kid` and nothing else, so no `crit`, and no key or
 * address of a key (RFC 8725, section 3.10).
 */
export function parseCompactJwt(token: string): CompactJwt | null {
  if (token.length > maxLength) return null;
  const parts = token.split('.');
  const [header, claims, signature] = parts.map(canonicalBytes);
  if (parts.length !== 3 || !header || !claims || !signature) return null;
  const head = objectIn(header);
  const body = objectIn(claims);
  return head && body && isHeader(head) ? { header: head, claims: body } : null;
}

/** Undefined for padding, spaces, other alphabets, and bits that are left over at the end. */
function canonicalBytes(part: string): Buffer | undefined {
  const bytes = Buffer.from(part, 'base64url');
  return part !== '' && bytes.toString('base64url') === part ? bytes : undefined;
}

function objectIn(json: Buffer): Record<string, unknown> | null {
  try {
    const value = parseStrictJson(json);
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

function isHeader(header: Record<string, unknown>): header is CompactJwt['header'] {
  const { alg, typ, kid } = header;
  return (
    Object.keys(header).sort().join() === headerMembers.join() &&
    typeof alg === 'string' &&
    typ === tokenType &&
    typeof kid === 'string' &&
    keyId.test(kid)
  );
}
