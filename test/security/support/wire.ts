import type { AddressInfo } from 'node:net';

import { TestApp, type TestAppOptions } from '../../support/test-app.js';
import { exchange, type RawAnswer } from './raw.js';

/** A listening application and its port, for tests that choose every byte. */
export class Wire {
  private constructor(
    readonly app: TestApp,
    readonly port: number,
  ) {}

  static async open(options: TestAppOptions = {}): Promise<Wire> {
    const app = await TestApp.start(options);
    await app.app.listen(0, '127.0.0.1');
    return new Wire(app, (app.app.getHttpServer().address() as AddressInfo).port);
  }

  close(): Promise<void> {
    return this.app.close();
  }

  /** The one answer to these bytes, and whether the server closed the connection after it. */
  async only(bytes: string | Buffer): Promise<{ answer: RawAnswer; closed: boolean }> {
    const { answers, closed } = await exchange(this.port, bytes, { quietMs: 60 });
    expect(answers).toHaveLength(1);
    return { answer: answers[0]!, closed };
  }
}
