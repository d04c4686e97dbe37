import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

import { parseScanner } from '../config/file-settings.js';
import { scanWithClamd } from './clamd.js';

const servers: Server[] = [];
afterAll(() => servers.forEach((server) => server.close()));

async function* content(bytes = 10): AsyncGenerator<Buffer> {
  yield await Promise.resolve(Buffer.alloc(bytes, 'x'));
}

/** Scans with a server that answers what it likes, once it has the end mark. */
async function verdict(reply: (socket: Socket) => void, timeoutMs = 5_000): Promise<unknown> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    let seen = Buffer.alloc(0);
    socket.on('data', (chunk) => {
      seen = Buffer.concat([seen, chunk]);
      if (seen.subarray(-4).equals(Buffer.alloc(4))) reply(socket);
    });
  }).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return scanWithClamd({ host: '127.0.0.1', port }, content(), timeoutMs);
}

describe('A virus scanner', () => {
  it('[PE-07] gives a verdict in its own words', async () => {
    expect(await verdict((socket) => socket.end('stream: OK\0'))).toEqual({ clean: true });
    expect(await verdict((socket) => socket.end('stream: Win.Test-1 FOUND\0'))).toEqual({
      clean: false,
      signature: 'Win.Test-1',
    });
  });

  it.each<[string, (socket: Socket) => void]>([
    ['hangs up', (socket) => socket.destroy()],
    ['says nothing', (socket) => socket.end()],
    ['stops in the middle', (socket) => socket.end('stream: O')],
    ['fails', (socket) => socket.end('INSTREAM size limit exceeded. ERROR\0')],
    ['talks nonsense', (socket) => socket.end('stream: OK FOUND\nOK\0')],
    ['talks without end', (socket) => socket.write('x'.repeat(100_000))],
  ])('[PE-07] that %s has not said that anything is clean', async (_how, reply) => {
    await expect(verdict(reply)).rejects.toThrow('gave no verdict');
  });

  it('[PE-08] has a time limit', async () => {
    await expect(verdict(() => undefined, 50)).rejects.toThrow('no answer within 50 ms');
  });

  it('is named by host and port or by path', () => {
    expect(parseScanner('tcp://clamav:3311')).toEqual({ host: 'clamav', port: 3311 });
    expect(parseScanner('tcp://[::1]')).toEqual({ host: '::1', port: 3310 });
    expect(parseScanner('unix:///run/clamd.ctl')).toEqual({ path: '/run/clamd.ctl' });
    for (const wrong of ['', 'clamav', 'http://x', 'unix:', 'unix:///', 'tcp://a@b', 'tcp://x/y']) {
      expect(() => parseScanner(wrong)).toThrow('must be');
    }
  });
});
