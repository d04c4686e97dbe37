import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

import { cutSlowReaders } from './slow-readers.js';

const request = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';
const large = Buffer.alloc(16_000_000, 'x');

describe('Readers', () => {
  let server: Server;
  let port: number;

  beforeAll(async () => {
    server = createServer((_request, response) => response.end(large));
    cutSlowReaders(server, 400);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    ({ port } = server.address() as AddressInfo);
  });
  afterAll(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });

  function client(): Socket {
    const socket = connect({ port, host: '127.0.0.1' }).pause();
    socket.on('error', () => undefined);
    socket.write(request);
    return socket;
  }

  it('[PE-08][F08] that do not read are cut off, with all that waits for them', async () => {
    const accepted = once(server, 'connection') as Promise<[Socket]>;
    const socket = client();
    const [theirs] = await accepted;
    await once(theirs, 'close');
    expect(theirs.destroyed).toBe(true);
    socket.destroy();
  });

  it('[PE-08] that are slow and read are served, and idle connections stay', async () => {
    const socket = client();
    let received = 0;
    socket.on('data', (bytes) => {
      received += bytes.length;
      socket.pause();
      void delay(3).then(() => socket.resume());
    });
    socket.resume();
    while (received < large.length && !socket.destroyed) await delay(50);
    expect(received).toBeGreaterThan(large.length);
    await delay(600);
    expect(socket.readyState).toBe('open');
    socket.destroy();
  });
});
