import { hash } from 'node:crypto';

/** Names a representation by what it says (RFC 9110, section 8.8.3): the same bytes, the same tag. */
export function entityTag(text: string): string {
  return `"${hash('sha256', text, 'base64url')}"`;
}

/**
 * Whether a list of tags, or `*`, names this one. `If-None-Match` compares weakly, so that a tag which
 * a proxy has weakened still counts; `If-Match` strongly, where such a tag never does
 * (RFC 9110, sections 8.8.3.2, 13.1.1 and 13.1.2).
 */
export function names(list: string, tag: string, comparison: 'weak' | 'strong'): boolean {
  if (list.trim() === '*') return true;
  return list.split(',').some((each) => {
    const given = each.trim();
    return given === tag || (comparison === 'weak' && given === `W/${tag}`);
  });
}
