import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

import { SmtpTransport } from './mail-transport.js';

const soon = { connectionTimeout: 200, greetingTimeout: 200, socketTimeout: 300 };

describe('A mail server that does not answer', () => {
  let server: Server;
  const sockets = new Set<Socket>();

  /** Says the first lines of a conversation, each after the client has spoken, and then nothing. */
  async function silentAfter(...lines: string[]): Promise<SmtpTransport> {
    server = createServer((socket) => {
      sockets.add(socket);
      const rest = [...lines];
      const say = (): void => void (rest.length > 0 && socket.write(`${rest.shift()}\r\n`));
      say();
      socket.on('data', say).on('error', () => undefined);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    return new SmtpTransport({ host: '127.0.0.1', port, tls: 'never' }, undefined, soon);
  }
  afterEach(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });

  it.each([
    ['at all', []],
    ['to the first command', ['220 here']],
    ['to the sender', ['220 here', '250 here']],
    ['to the end of the mail', ['220 here', '250 here', '250 ok', '250 ok', '354 go on']],
  ])('[PE-08] is given up: %s', async (_name, lines) => {
    const transport = await silentAfter(...lines);
    const mail = { from: 'a@example.com', to: 'b@example.com', subject: 'x', text: 'x' };
    await expect(transport.send(mail)).rejects.toThrow(/ETIMEDOUT|ECONNECTION|ESOCKET/);
    transport.close();
  });
});
