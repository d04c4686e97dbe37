import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { BucketServer } from '../support/bucket-server.js';
import { type Answer, type SignedIn, TestApp } from '../support/test-app.js';

const secret = randomBytes(20).toString('hex');

describe('Files in a bucket', () => {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-bucket-'));
  const env = {
    DATA_DIR: folder,
    FILES_S3_REGION: 'eu-test-1',
    FILES_S3_ACCESS_KEY_ID: 'key-id',
    FILES_S3_SECRET_ACCESS_KEY: secret,
    OUTGOING_NETWORKS: '127.0.0.1',
  };
  let bucket: BucketServer;
  let app: TestApp;
  let ada: SignedIn;

  beforeAll(async () => {
    bucket = await BucketServer.start(secret);
    app = await TestApp.start({ env: { ...env, FILES_S3_URL: bucket.url } });
    ada = await app.member();
  });
  afterEach(() => {
    delete bucket.failing;
  });
  afterAll(async () => {
    await app.close();
    bucket.close();
    rmSync(folder, { recursive: true });
  });

  const upload = (content: string, on = app, user = ada): Promise<Answer> =>
    on.call('POST', '/api/v1/files', {
      token: user.accessToken,
      headers: { 'content-type': 'multipart/form-data; boundary=b' },
      body: `--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n${content}\r\n--b--\r\n`,
    });
  const get = (id: string): Promise<Answer> =>
    app.get(`/api/v1/files/${id}`, { token: ada.accessToken });
  /** What lies on the disk. */
  const left = (): number =>
    readdirSync(folder, { recursive: true, withFileTypes: true }).filter((e) => e.isFile()).length;

  it('[PE-07] are kept, read and deleted with signed requests, and sealed', async () => {
    const text = 'recognisable '.repeat(20_000);
    const { status, body } = await upload(text);
    expect(status).toBe(201);
    const [path, object] = [...bucket.objects][0]!;
    expect(path).toBe(`/my-files/${body.id}`);
    expect(object.includes('recognisable')).toBe(false);
    expect(left()).toBe(0);
    expect((await get(body.id as string)).body).toBe(text);
    await app.call('DELETE', `/api/v1/files/${body.id}`, { token: ada.accessToken });
    for (let tries = 100; tries > 0 && bucket.objects.size > 0; tries--) {
      await new Promise((resolve) => setTimeout(resolve, 10)); // after the commit
    }
    expect(bucket.log).toEqual(['PUT 200', 'GET 200', 'DELETE 204']);
  });

  it('[PE-07][PE-08] that nobody reads to the end keep no connection to the bucket', async () => {
    const eve = await app.member();
    const { body } = await upload('x'.repeat(300_000), app, eve);
    const url = `/api/v1/files/${body.id}`;
    const { accessToken: token } = eve;
    for (let connections = 0; connections <= 100; connections++) {
      expect((await app.call('HEAD', url, { token })).status).toBe(200);
    }
    expect((await app.get(url, { token })).status).toBe(200);
  });

  it('[PE-07][ER-02] answer 503 while the bucket fails, and leave nothing', async () => {
    const { body } = await upload('here');
    bucket.failing = 503;
    const refused = await upload('x');
    expect([refused.status, refused.body.code]).toEqual([503, 'storage.unavailable']);
    expect(refused.headers['retry-after']).toBeDefined();
    expect((await get(body.id as string)).status).toBe(503);
    const { body: list } = await app.get('/api/v1/files', { token: ada.accessToken });
    expect(list.items).toHaveLength(1);
    expect(left()).toBe(0);
  });

  it('[PE-07] that somebody else changed or took away are not served', async () => {
    const other = await TestApp.start({ env: { ...env, FILES_S3_URL: bucket.url } });
    const eve = await other.member();
    const { body } = await upload('mine', other, eve);
    const path = `/my-files/${body.id}`;
    const read = async (): Promise<number> => {
      const answer = await other.get(`/api/v1/files/${body.id}`, { token: eve.accessToken });
      return answer.status;
    };
    const object = bucket.objects.get(path)!;
    expect(await read()).toBe(200);
    bucket.objects.set(path, Buffer.concat([object, Buffer.from('x')]));
    expect(await read()).toBe(500);
    bucket.objects.delete(path);
    expect(await read()).toBe(503);
    await other.close();
  });

  it('[PE-07] need a key that the bucket knows', async () => {
    const wrong = { ...env, FILES_S3_SECRET_ACCESS_KEY: 'wrong', FILES_S3_URL: bucket.url };
    const stranger = await TestApp.start({ env: wrong });
    expect((await upload('x', stranger, await stranger.member())).status).toBe(503);
    expect(bucket.log.at(-1)).toMatch(/^(PUT|DELETE) 403 a wrong signature$/);
    await stranger.close();
  });
});
