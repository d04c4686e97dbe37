import { execFileSync } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

import { SMTPServer, type SMTPServerOptions } from 'smtp-server';

/** A mail as it arrives. */
export interface ReceivedMail {
  raw: string;
  to: string;
  subject: string;
  messageId: string;
  text: string;
  html: string;
  /** Token of the link in it, if any. */
  token: string | undefined;
}

/** A real SMTP server that keeps what it is given. */
export class Mailbox {
  readonly mails: ReceivedMail[] = [];
  /** Recipients of the envelopes. */
  readonly recipients: string[][] = [];
  connections = 0;
  /** When set, decides on each message: an error refuses it, a promise keeps it waiting. */
  verdict: () => Promise<void> = () => Promise.resolve();
  private server?: SMTPServer;

  private constructor(private readonly options: SMTPServerOptions) {}

  static async start(options: SMTPServerOptions = {}, port = 0): Promise<Mailbox> {
    const mailbox = new Mailbox({
      authOptional: true,
      disabledCommands: ['AUTH', 'STARTTLS'],
      ...options,
    });
    await mailbox.open(port);
    return mailbox;
  }

  get port(): number {
    return (this.server!.server.address() as AddressInfo).port;
  }

  async open(port: number): Promise<void> {
    const server = new SMTPServer({
      ...this.options,
      closeTimeout: 100,
      onConnect: (_session, done) => {
        this.connections++;
        done();
      },
      onData: (stream, session, done) => {
        const chunks: Buffer[] = [];
        stream.on('data', (chunk: Buffer) => chunks.push(chunk));
        stream.on('end', () => {
          this.verdict().then(() => {
            this.mails.push(readMail(Buffer.concat(chunks).toString()));
            this.recipients.push(session.envelope.rcptTo.map(({ address }) => address));
            done();
          }, done);
        });
      },
    });
    server.on('error', () => undefined); // connections that fail TLS
    this.server = server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', resolve);
    });
  }

  async close(): Promise<void> {
    const { server } = this;
    this.server = undefined;
    if (server) await new Promise<void>((resolve) => server.close(resolve));
  }

  to(address: string): ReceivedMail[] {
    return this.mails.filter(({ to }) => to === address);
  }
}

/** Mails that a service without SMTP_URL left in its DATA_DIR, oldest first. */
export async function outboxOf(dataDir: string): Promise<ReceivedMail[]> {
  const folder = join(dataDir, 'outbox');
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.eml'));
  const texts = await Promise.all(names.sort().map((name) => readFile(join(folder, name), 'utf8')));
  return texts.map(readMail);
}

export function readMail(raw: string): ReceivedMail {
  const text = partOf(raw, 'text/plain').replaceAll('\r\n', '\n');
  return {
    raw,
    to: headerOf(raw, 'To'),
    subject: headerOf(raw, 'Subject'),
    messageId: headerOf(raw, 'Message-ID'),
    text,
    html: partOf(raw, 'text/html'),
    token: /#\w+:([\w-]{43})/.exec(text)?.[1],
  };
}

function headerOf(raw: string, name: string): string {
  const headers = raw.split('\r\n\r\n', 1)[0]!.replaceAll(/\r\n[ \t]+/g, ' ');
  return new RegExp(`^${name}: (.*)$`, 'im').exec(headers)?.[1] ?? '';
}

function partOf(raw: string, type: string): string {
  const part = raw.split(/\r\n--/).find((each) => each.includes(`Content-Type: ${type}`)) ?? '';
  const body = part.slice(part.indexOf('\r\n\r\n') + 4);
  if (/transfer-encoding: base64/i.test(part)) return Buffer.from(body, 'base64').toString();
  if (!/transfer-encoding: quoted-printable/i.test(part)) return body;
  const bytes = body
    .replaceAll(/=\r\n/g, '')
    .replaceAll(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString();
}

/** A key and a certificate for 127.0.0.1 and `localhost`, signed by itself. */
export function makeCertificate(folder: string): { key: string; cert: string } {
  const files = { key: join(folder, 'key.pem'), cert: join(folder, 'cert.pem') };
  execFileSync(
    'openssl',
    `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost
     -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout ${files.key} -out ${files.cert}`.split(
      /\s+/,
    ),
    { stdio: 'ignore' },
  );
  return files;
}
