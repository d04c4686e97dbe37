import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

const hmac = (key: string | Buffer, text: string): Buffer =>
  createHmac('sha256', key).update(text).digest();
const sha256 = (text: string | Buffer): string => createHash('sha256').update(text).digest('hex');

/**
 * A bucket that is strict: it verifies Signature Version 4 from the text of AWS's documentation
 * ("Create a signed AWS API request"), the hash of the content, the age of the request, and that
 * what matters is signed. In memory.
 */
export class BucketServer {
  readonly objects = new Map<string, Buffer>();
  /** What it thought of requests, oldest first. */
  readonly log: string[] = [];
  /** Answers all requests with this status, when set. */
  failing?: number;

  private constructor(
    private readonly server: Server,
    private readonly secret: string,
  ) {}

  static async start(secret: string): Promise<BucketServer> {
    const server = createServer();
    const bucket = new BucketServer(server, secret);
    server.on('request', (request, response) => void bucket.answer(request, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return bucket;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/my-files`;
  }

  close(): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await buffer(request).catch(() => undefined);
    if (!body) return;
    const problem = this.failing ? undefined : this.problemOf(request, body);
    const status = this.failing ?? (problem ? 403 : this.act(request, response, body));
    this.log.push(`${request.method} ${status}${problem ? ` ${problem}` : ''}`);
    if (status !== 200 || request.method !== 'GET') response.writeHead(status).end();
  }

  private act(
    { method, url = '' }: IncomingMessage,
    response: ServerResponse,
    body: Buffer,
  ): number {
    const known = this.objects.get(url);
    if (method === 'PUT') this.objects.set(url, body);
    if (method === 'DELETE') this.objects.delete(url);
    if (method === 'DELETE') return 204;
    if (method === 'GET' && !known) return 404;
    if (method === 'GET') response.writeHead(200).end(known);
    return 200;
  }

  private problemOf(
    { method, url = '', headers }: IncomingMessage,
    body: Buffer,
  ): string | undefined {
    const [, credential = '', names = '', signature = ''] =
      /^AWS4-HMAC-SHA256 Credential=key-id\/(\S+), SignedHeaders=(\S+), Signature=([\da-f]{64})$/.exec(
        headers.authorization ?? '',
      ) ?? [];
    const signed = names.split(';');
    const date = String(headers['x-amz-date']);
    const [day = '', region = '', service = '', end = ''] = credential.split('/');
    if (!['host', 'x-amz-content-sha256', 'x-amz-date'].every((name) => signed.includes(name))) {
      return 'not all is signed';
    }
    const time = Date.parse(
      date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'),
    );
    if (!(Math.abs(Date.now() - time) < 900_000) || !date.startsWith(day)) return 'too old';
    if (`${region}/${service}/${end}` !== 'eu-test-1/s3/aws4_request') return 'another scope';
    if (headers['x-amz-content-sha256'] !== sha256(body)) return 'another content';
    const canonical = [
      method,
      url,
      '',
      ...signed.map((name) => `${name}:${String(headers[name]).trim().replace(/\s+/g, ' ')}`),
      '',
      names,
      headers['x-amz-content-sha256'],
    ].join('\n');
    const text = ['AWS4-HMAC-SHA256', date, credential, sha256(canonical)].join('\n');
    const key = [region, service, end].reduce(hmac, hmac(`AWS4${this.secret}`, day));
    const expected = hmac(key, text);
    return timingSafeEqual(expected, Buffer.from(signature, 'hex'))
      ? undefined
      : 'a wrong signature';
  }
}
