import Bowser from 'bowser';

const longest = 100;

/**
 * What people call the client: `Firefox on Linux`. A program is called what it calls itself. For
 * showing only: a client says of itself what it likes.
 */
export function deviceName(userAgent: string | null): string | null {
  if (!userAgent) return null;
  const { browser, os } = Bowser.parse(userAgent);
  const names = [browser.name || firstProduct(userAgent), os.name].filter(Boolean);
  return names.length > 0 ? names.join(' on ').slice(0, longest) : null;
}

/** `curl` of `curl/8.5.0` (RFC 9110 section 10.1.5). */
function firstProduct(userAgent: string): string | undefined {
  return /^[\w.-]+/.exec(userAgent)?.[0];
}
