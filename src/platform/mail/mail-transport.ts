import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { createTransport, type SendMailOptions } from 'nodemailer';
import type SMTPPool from 'nodemailer/lib/smtp-pool/index.js';

import { dependencyLimits } from '../../catalogue/timeouts.js';
import type { SmtpServer } from '../config/mail-settings.js';

/** Hands one mail over; resolves when somebody else is responsible for it. */
export interface MailTransport {
  send(mail: SendMailOptions): Promise<void>;
  close(): void;
}

/** The other side will never take this mail; trying again is of no use. */
export class MailRefused extends Error {}

const smtpLimits = {
  connectionTimeout: dependencyLimits.smtpConnection.limit as number,
  greetingTimeout: dependencyLimits.smtpGreeting.limit as number,
  socketTimeout: dependencyLimits.smtpSilence.limit as number,
};

/** Over SMTP. TLS as SMTP_URL says, its certificate verified, without a fallback. */
export class SmtpTransport implements MailTransport {
  private readonly transport;

  constructor(
    { host, port, tls, user, password }: SmtpServer,
    ca: string | undefined,
    limits = smtpLimits,
  ) {
    const options: SMTPPool.Options = {
      pool: true,
      maxConnections: 4,
      host,
      port,
      secure: tls === 'implicit',
      requireTLS: tls === 'starttls',
      ignoreTLS: tls === 'never',
      tls: { minVersion: 'TLSv1.2', rejectUnauthorized: true, ...(ca !== undefined && { ca }) },
      ...(user !== undefined && { auth: { user, pass: password ?? '' } }),
      ...limits,
      disableFileAccess: true, // no attachment by path or address, whatever a template says
      disableUrlAccess: true,
    };
    this.transport = createTransport(options);
  }

  async send(mail: SendMailOptions): Promise<void> {
    await this.transport.sendMail(mail).catch((error: unknown) => {
      throw withoutAddresses(error);
    });
  }

  close(): void {
    this.transport.close();
  }
}

/** As files that a mail program opens: for development, which has no server. */
export class OutboxTransport implements MailTransport {
  private readonly folder: string;
  private readonly composer = createTransport({ streamTransport: true, buffer: true });

  constructor(dataDir: string) {
    this.folder = resolve(dataDir, 'outbox');
  }

  async send(mail: SendMailOptions): Promise<void> {
    const { message } = await this.composer.sendMail(mail);
    const name = `${new Date().toISOString().replaceAll(':', '-')}-${idOf(mail)}.eml`;
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    // Links in it are keys to accounts: for this user only, and never there by half.
    await writeFile(join(this.folder, `.${name}`), message as Buffer, { mode: 0o600 });
    await rename(join(this.folder, `.${name}`), join(this.folder, name));
  }

  close(): void {
    // Nothing is open.
  }
}

function idOf({ messageId = '' }: SendMailOptions): string {
  return messageId.replace(/^<|@.*$/g, '');
}

/** What SMTP servers say repeats addresses, which belong into no log and no table of jobs. */
function withoutAddresses(error: unknown): Error {
  const { code, command, responseCode } = error as Record<string, string | number | undefined>;
  const permanent = code === 'EENVELOPE' || code === 'EMESSAGE';
  const message = `the mail was not taken: ${[code, command, responseCode].filter(Boolean).join(' ')}`;
  return permanent && Number(responseCode) >= 500 ? new MailRefused(message) : new Error(message);
}
