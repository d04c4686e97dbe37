/** Scheme and authority of a target in absolute form; no user information (RFC 9110, 4.2.4). */
const absolute = /^https?:\/\/([^/?#@]+)(?=[/?]|$)/i;

/** Host and port that a target in absolute form names (RFC 9112 section 3.2.2). */
export function authorityOf(target: string): string | undefined {
  return absolute.exec(target)?.[1];
}

/** Whether every percent escape is a byte and all bytes together are UTF-8. */
export function decodes(target: string): boolean {
  try {
    decodeURIComponent(target);
    return true;
  } catch {
    return false;
  }
}

/**
 * What the router gets to see: path and query, whatever the form. One that it could not decode
 * is made harmless, so that not the router but `checkRequest` refuses it, with all that belongs
 * to an answer: limits, headers, log.
 */
export function originForm(target: string): string {
  const rest = target.replace(absolute, '');
  const path = rest.startsWith('/') || target === '*' ? rest : `/${rest}`;
  return decodes(path) ? path : path.replaceAll('%', '%25');
}
