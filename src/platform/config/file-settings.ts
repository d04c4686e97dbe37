import type { Variable } from './concern.js';

/** Where clamd listens; as `net.connect` takes it. */
export type Scanner = { host: string; port: number } | { path: string };

type Declaration = Omit<Variable<Scanner | undefined>, 'parse' | 'default'>;

export function optionalScanner(declaration: Declaration): Variable<Scanner | undefined> {
  return { ...declaration, default: undefined, parse: parseScanner };
}

/** @throws Error that says what is expected */
export function parseScanner(value: string): Scanner {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  const { protocol, hostname, port, pathname, username, search, hash } =
    url ?? ({} as Partial<URL>);
  if (protocol === 'unix:' && !hostname && pathname && pathname !== '/') {
    return { path: decodeURIComponent(pathname) };
  }
  const bare = !username && !search && !hash && (!pathname || pathname === '/');
  if (protocol === 'tcp:' && hostname && bare) {
    return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) || 3310 };
  }
  throw new Error('must be tcp://host:port or unix:///path');
}
