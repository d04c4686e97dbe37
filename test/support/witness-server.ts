import { hash, sign } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

import {
  emptyRoot,
  isConsistent,
  noteSigner,
  NoteError,
  type NoteSigner,
  type NoteVerifier,
  openCheckpoint,
  type TreeHead,
  verifierKeyOf,
} from '../../src/platform/transparency-log/index.js';

export type Manner = 'honest' | 'forbids' | 'signs-other' | 'garbage' | 'hangs';

/** A witness after C2SP tlog-witness, which keeps what it has seen in memory. */
export class WitnessServer {
  manner: Manner = 'honest';
  requests = 0;
  seen: TreeHead = { size: 0, root: emptyRoot };
  /** Of the log that it knows. */
  log?: NoteVerifier;
  private readonly server = createServer((request, response) => {
    this.requests++;
    if (this.manner !== 'hangs') void this.answer(request, response);
  });
  private readonly signer: NoteSigner;

  private constructor(
    private readonly name: string,
    seed: Buffer,
  ) {
    this.signer = noteSigner(name, seed);
  }

  static async start(name: string, seed: Buffer): Promise<WitnessServer> {
    const witness = new WitnessServer(name, seed);
    await new Promise<void>((done) => witness.server.listen(0, '127.0.0.1', done));
    return witness;
  }

  /** As AUDIT_WITNESSES wants it. */
  get setting(): string {
    const raw = Buffer.from(verifierKeyOf(this.signer).split('+').slice(2).join('+'), 'base64');
    const key = Buffer.concat([Buffer.of(4), raw.subarray(1)]);
    const url = `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/log`;
    return `${this.name}+${this.keyId(key).toString('hex')}+${key.toString('base64')} ${url}`;
  }

  get key(): string {
    return this.setting.split(' ')[0]!;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((done) => this.server.close(done));
  }

  private keyId(key: Buffer): Buffer {
    const bytes = Buffer.concat([Buffer.from(`${this.name}\n`), key]);
    return hash('sha256', bytes, 'buffer').subarray(0, 4);
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const end = (status: number, body = '', type = 'text/plain'): void => {
      response.writeHead(status, { 'content-type': type }).end(body);
    };
    if (request.url !== '/log/add-checkpoint' || request.method !== 'POST') return end(404);
    if (this.manner === 'forbids') return end(403);
    if (this.manner === 'garbage') return end(200, '— nobody AAAAAAAA\nwhatever\n');
    const body = await text(request);
    const [, old, hashes, note] = /^old (\d+)\n((?:[^\n]+\n)*)\n([^]*)$/.exec(body) ?? [];
    if (old === undefined || !note) return end(400);
    let head;
    try {
      head = openCheckpoint(note, this.log!);
    } catch (error) {
      return end(error instanceof NoteError ? 403 : 500);
    }
    if (Number(old) > head.size) return end(400);
    if (Number(old) !== this.seen.size) return end(409, `${this.seen.size}\n`, 'text/x.tlog.size');
    const proof = hashes!
      .split('\n')
      .filter(Boolean)
      .map((line) => Buffer.from(line, 'base64'));
    if (!isConsistent(this.seen, head, proof)) return end(422);
    this.seen = head;
    end(200, this.cosignature(note.slice(0, note.lastIndexOf('\n\n') + 1)));
  }

  private cosignature(text: string): string {
    const time = Buffer.alloc(8);
    time.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 1000)));
    const said = this.manner === 'signs-other' ? text.replace(/\n\d+\n/, '\n1\n') : text;
    const message = Buffer.from(`cosignature/v1\ntime ${time.readBigUInt64BE()}\n${said}`);
    const signature = sign(null, message, this.signer.privateKey);
    const keyId = Buffer.from(this.key.split('+')[1]!, 'hex');
    const line = Buffer.concat([keyId, time, signature]).toString('base64');
    return `— ${this.name} ${line}\n`;
  }
}
