import Bowser from 'bowser';

const longest = 100;
/** What the library calls others by is text of theirs, which owners read in mails of ours. */
const knownBrowsers: ReadonlySet<string> = new Set(Object.values(Bowser.BROWSER_MAP));
const knownSystems: ReadonlySet<string> = new Set(Object.values(Bowser.OS_MAP));

/**
 * What people call the client: `Firefox on Linux`. A program is called what it calls itself. For
 * showing only: a client says of itself what it likes.
 */
export function deviceName(userAgent: string | null): string | null {
  if (!userAgent) return null;
  const { browser, os } = Bowser.parse(userAgent);
  const program = knownBrowsers.has(browser.name ?? '') ? browser.name : firstProduct(userAgent);
  const names = [program, knownSystems.has(os.name ?? '') && os.name].filter(Boolean);
  return names.length > 0 ? names.join(' on ').slice(0, longest) : null;
}

/** `curl` of `curl/8.5.0` (RFC 9110 section 10.1.5): one word, and none that mails make a link of. */
function firstProduct(userAgent: string): string | undefined {
  return /^[\w-]+(?=\/|$)/.exec(userAgent)?.[0];
}
