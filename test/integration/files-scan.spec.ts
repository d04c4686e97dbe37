import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Queue } from '../../src/platform/queue/index.js';
import { type Clamd, describeWithClamd, startClamd } from '../support/clamd.js';
import { eicar } from '../support/sample-files.js';
import { type Answer, type SignedIn, TestApp } from '../support/test-app.js';

describeWithClamd('Files that are scanned', () => {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-scans-'));
  let clamd: Clamd;
  let app: TestApp;
  let ada: SignedIn;

  beforeAll(async () => {
    clamd = await startClamd();
    app = await TestApp.start({
      env: { DATA_DIR: folder, CLAMAV_URL: clamd.url, FILES_MAX_BYTES: '3000000' },
    });
    ada = await app.member();
  });
  afterAll(async () => {
    await app.close();
    await clamd.stop();
    rmSync(folder, { recursive: true });
  });

  const upload = async (content: string): Promise<string> => {
    const { status, body } = await app.call('POST', '/api/v1/files', {
      token: ada.accessToken,
      headers: { 'content-type': 'multipart/form-data; boundary=b' },
      body: `--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n${content}\r\n--b--\r\n`,
    });
    expect([status, body.status]).toEqual([201, 'scanning']);
    return body.id as string;
  };
  const get = (path: string): Promise<Answer> =>
    app.get(`/api/v1/files/${path}`, { token: ada.accessToken });
  /** As the queue does: one try. */
  const scan = (fileId: string): Promise<void> =>
    app.app
      .get(Queue)
      .perform('files.scan', { payload: { fileId } }, { id: '1', attempt: 1, last: false });
  const jobs = async (): Promise<unknown[]> => {
    const { rows } = await app.database.superuser.query<{ key: string }>(
      `SELECT key FROM graphile_worker.jobs WHERE task_identifier = 'files.scan'`,
    );
    return rows.map(({ key }) => key);
  };

  it('[PE-07][V5.4.3] are in quarantine until they were found clean', async () => {
    const id = await upload('harmless');
    expect(await jobs()).toContain(`files.scan:${id}`);
    expect((await get(id)).body.code).toBe('files.scanning');
    await scan(id);
    expect((await get(id)).body).toBe('harmless');
    const { body } = await get(`${id}/metadata`);
    expect(body).toMatchObject({ status: 'clean', scannedAt: expect.any(String) as string });
    await scan(id); // a repetition changes nothing
    expect((await get(id)).status).toBe(200);
  });

  it('[PE-07][V5.4.3] are removed when they are infected, and audited; the owner is told', async () => {
    const id = await upload(eicar);
    await scan(id);
    const gone = await get(id);
    expect([gone.status, gone.body.code]).toEqual([410, 'files.infected']);
    expect((await get(`${id}/metadata`)).body.status).toBe('infected');
    for (let left = 100; left > 0 && stored(id) > 0; left--) {
      await new Promise((resolve) => setTimeout(resolve, 10)); // after the commit
    }
    expect(stored(id)).toBe(0);
    expect(await app.audit('files.infected')).toMatchObject([
      {
        target_id: id,
        actor_kind: 'system',
        outcome: 'failure',
        payload: { ownerId: ada.id, signature: 'Eicar-Test.UNOFFICIAL' },
      },
    ]);
    const { rows } = await app.database.superuser.query(
      'SELECT sealed_key FROM files WHERE id = $1',
      [id],
    );
    expect(rows).toEqual([{ sealed_key: null }]);
    expect(
      (await app.call('DELETE', `/api/v1/files/${id}`, { token: ada.accessToken })).status,
    ).toBe(204);
  });

  it('[PE-07] stay in quarantine while the scanner takes no such size, or is away', async () => {
    const long = await upload('x'.repeat(2_500_000));
    await expect(scan(long)).rejects.toThrow(/scanner gave no verdict/);
    expect((await get(long)).body.code).toBe('files.scanning');
    const id = await upload('harmless');
    await clamd.stop();
    await expect(scan(id)).rejects.toThrow('scanner gave no verdict: ENOENT');
    expect((await get(id)).body.code).toBe('files.scanning');
    clamd = await startClamd(); // at another place: for `afterAll`
  });

  function stored(id: string): number {
    return readdirSync(folder, { recursive: true }).filter((name) => String(name).includes(id))
      .length;
  }
});
