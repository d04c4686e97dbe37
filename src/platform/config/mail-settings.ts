import type { Variable } from './concern.js';

/** Where mails are handed over, and how they are protected on the way. */
export interface SmtpServer {
  host: string;
  port: number;
  /** `implicit` from the first byte (RFC 8314), `starttls` demanded, or `never`. */
  tls: 'implicit' | 'starttls' | 'never';
  user?: string;
  password?: string;
}

/** Whose name is on the mails. */
export interface Sender {
  /** Name of the service, as its mails call it. */
  name: string;
  address: string;
  /** Right side of the address, and of message ids. */
  host: string;
}

type Declaration<T> = Omit<Variable<T>, 'parse' | 'default'>;

export function optionalSmtpServer(
  declaration: Declaration<SmtpServer | undefined>,
): Variable<SmtpServer | undefined> {
  return { ...declaration, default: undefined, parse: parseSmtpUrl };
}

export function optionalSender(
  declaration: Declaration<Sender | undefined>,
): Variable<Sender | undefined> {
  return { ...declaration, default: undefined, parse: parseSender };
}

/** @throws Error that says what is expected, without the value */
export function parseSmtpUrl(value: string): SmtpServer {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (!url || !['smtp:', 'smtps:'].includes(url.protocol) || !url.hostname) {
    throw new Error('must be a URL that starts with smtp:// or smtps://');
  }
  const implicit = url.protocol === 'smtps:';
  const plain = url.search === '?tls=never' && !implicit;
  if ((url.search && !plain) || url.hash || /^\/./.test(url.pathname)) {
    throw new Error('takes nothing after the port but ?tls=never, and that with smtp:// only');
  }
  if (plain && url.password && !/^(localhost|127\.[\d.]+|\[::1\])$/.test(url.hostname)) {
    throw new Error('must not send a password to another machine without TLS');
  }
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port) || (implicit ? 465 : 587),
    tls: implicit ? 'implicit' : plain ? 'never' : 'starttls',
    ...(url.username && { user: decodeURIComponent(url.username) }),
    ...(url.password && { password: decodeURIComponent(url.password) }),
  };
}

/**
 * `Name <address>` or an address alone.
 * @throws Error that says what is expected
 */
export function parseSender(value: string): Sender {
  const [, name, bracketed, alone] = /^(?:([^<>"]*?) *<([^<>]+)>|([^<>]+))$/.exec(value) ?? [];
  const address = bracketed ?? alone ?? '';
  const parts = /^[\w!#$%&'*+/=?^`{|}~.-]+@([A-Za-z0-9.-]+|\[[A-Fa-f0-9:.]+\])$/.exec(address);
  if (!parts || /\p{Cc}/u.test(value)) {
    throw new Error('must be an address, or `Name <address>`');
  }
  return { name: name || 'Gatehouse', address, host: parts[1]! };
}
