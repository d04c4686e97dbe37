import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { FileCleanup } from '../../../src/features/files/file-cleanup.js';
import { docx, gif, jpeg, pdf, png } from '../../support/sample-files.js';
import { type Answer, type SignedIn, TestApp } from '../../support/test-app.js';
import { zip } from '../../support/zip.js';

const folder = mkdtempSync(join(tmpdir(), 'gatehouse-files-'));
const maxBytes = 300_000;
const quotaBytes = 500_000;
const quotaFiles = 12;

let app: TestApp;
let origin: string;
let ada: SignedIn;

beforeAll(async () => {
  app = await TestApp.start({
    env: {
      DATA_DIR: folder,
      FILES_MAX_BYTES: String(maxBytes),
      FILES_QUOTA_BYTES: String(quotaBytes),
      FILES_QUOTA_COUNT: String(quotaFiles),
      FILES_MAX_PIXELS: '1000000',
      FILES_ARCHIVE_MAX_ENTRIES: '20',
      FILES_ARCHIVE_MAX_BYTES: '5000000',
      FILES_RECEIVE_TIMEOUT_MS: '4000',
      HTTP_RECEIVE_TIMEOUT_MS: '1000',
    },
  });
  await app.app.listen(0, '127.0.0.1');
  origin = await app.app.getUrl();
});
afterAll(async () => {
  await app.close();
  rmSync(folder, { recursive: true });
});
beforeEach(async () => {
  ada = await app.member();
});

interface Uploaded {
  status: number;
  body: Answer['body'];
}

async function upload(name: string, content: Buffer | string, user = ada): Promise<Uploaded> {
  const form = new FormData();
  form.set('file', new Blob([content as never], { type: 'text/html' }), name);
  const answer = await fetch(`${origin}/api/v1/files`, {
    method: 'POST',
    body: form,
    headers: { authorization: `Bearer ${user.accessToken}` },
  });
  return { status: answer.status, body: await answer.json() };
}

/** Which rule refuses it. */
async function rule(name: string, content: Buffer | string): Promise<string> {
  const { status, body } = await upload(name, content);
  return status === 201 ? 'taken' : `${status} ${body.errors?.[0].rule ?? body.code}`;
}

const get = (path: string, user = ada): Promise<Response> =>
  fetch(`${origin}/api/v1/files${path}`, {
    headers: { authorization: `Bearer ${user.accessToken}` },
  });
const remove = (id: string, user = ada): Promise<Answer> =>
  app.call('DELETE', `/api/v1/files/${id}`, { token: user.accessToken });
const bytesOf = async (answer: Response): Promise<Buffer> =>
  Buffer.from(await answer.arrayBuffer());

/** Files on the disk, with their place. */
function stored(): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

async function rows(): Promise<number> {
  const { rows: counted } = await app.database.superuser.query<{ count: number }>(
    `SELECT (SELECT count(*) FROM files WHERE owner_id = '${ada.id}')::int
          + (SELECT count(*) FROM file_removals)::int AS count`,
  );
  return counted[0]!.count;
}

/** Sends bytes as they are; gives the answer's first line, or what became of the connection. */
function raw(parts: (Buffer | string)[], length?: number, pauseMs = 0): Promise<string> {
  return new Promise((resolve) => {
    const { hostname, port } = new URL(origin);
    const socket = connect(Number(port), hostname);
    let answer = '';
    socket.on('data', (chunk) => (answer += chunk.toString('latin1')));
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(answer.split('\r\n', 1)[0] || 'nothing'));
    socket.write(
      `POST /api/v1/files HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${ada.accessToken}\r\n` +
        `Content-Type: multipart/form-data; boundary=b\r\nConnection: close\r\n` +
        `Content-Length: ${length ?? parts.join('').length}\r\n\r\n`,
    );
    void (async () => {
      for (const part of parts) {
        if (socket.destroyed) return;
        socket.write(part);
        if (pauseMs > 0) await new Promise((done) => setTimeout(done, pauseMs));
      }
      if (length !== undefined && pauseMs === 0) socket.write('', () => socket.destroy());
    })();
  });
}

const opening = (filename = 'a.txt', field = 'file'): string =>
  `--b\r\nContent-Disposition: form-data; name="${field}"; filename="${filename}"\r\n\r\n`;
const ending = '\r\n--b--\r\n';

describe('Files', () => {
  it('[PE-07] are uploaded, listed, downloaded byte by byte and deleted, and audited', async () => {
    const content = Buffer.concat([Buffer.from('%PDF-1.7\n'), randomBytes(200_000)]);
    const { status, body } = await upload('Vertrag 2026 – “Ä”.pdf', content);
    expect(status).toBe(201);
    expect(body).toMatchObject({
      name: 'Vertrag 2026 – “Ä”.pdf',
      type: 'application/pdf', // not the text/html that the client said
      size: content.length,
      status: 'clean',
      scannedAt: null,
    });
    expect(await (await get('')).json()).toEqual({ items: [body], nextCursor: null });
    expect(await (await get(`/${body.id}/metadata`)).json()).toEqual(body);
    expect((await bytesOf(await get(`/${body.id}`))).equals(content)).toBe(true);
    expect((await remove(body.id as string)).status).toBe(204);
    expect((await get(`/${body.id}`)).status).toBe(404);
    expect((await remove(body.id as string)).body.code).toBe('files.not_found');
    for (const action of ['files.uploaded', 'files.deleted']) {
      const told = (await app.audit(action)).filter(({ actor_id }) => actor_id === ada.id);
      expect(told).toMatchObject([{ target_kind: 'file', target_id: body.id }]);
      expect(JSON.stringify(told)).not.toContain('Vertrag');
    }
  });

  it('[PE-07][V5.4.1][V3.2.1] are served inert, under their own name', async () => {
    const { body } = await upload('Ärger; 1.txt', 'plain');
    const answer = await get(`/${body.id}`);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-type': 'text/plain; charset=utf-8',
      'content-length': '5',
      'content-disposition': `attachment; filename="?rger; 1.txt"; filename*=UTF-8''%C3%84rger%3B%201.txt`,
      'content-security-policy': expect.stringContaining('sandbox') as string,
      'x-content-type-options': 'nosniff',
      'cross-origin-resource-policy': 'same-origin',
      'cache-control': 'no-store',
    });
    const head = await app.app.inject({
      method: 'HEAD',
      url: `/api/v1/files/${body.id}`,
      headers: { authorization: `Bearer ${ada.accessToken}` },
    });
    expect([head.statusCode, head.headers['content-length'], head.body]).toEqual([200, '5', '']);
  });

  it('[PE-07][V8.2.2] of others do not exist', async () => {
    const { body } = await upload('mine.txt', 'mine');
    const eve = await app.member();
    for (const path of [`/${body.id}`, `/${body.id}/metadata`]) {
      expect((await get(path, eve)).status).toBe(404);
    }
    expect((await remove(body.id as string, eve)).status).toBe(404);
    expect((await (await get('', eve)).json()) as object).toMatchObject({ items: [] });
    expect((await get(`/${body.id}`)).status).toBe(200);
  });

  it('[PE-07][V5.3.2] lie on the disk under a generated name, sealed, for nobody else', async () => {
    const before = stored();
    const { body } = await upload('../../evil.txt', 'a very recognisable text');
    const [path, ...others] = stored().filter((file) => !before.includes(file));
    expect(others).toEqual([]);
    expect(path!.endsWith(join('kept', (body.id as string).slice(-2), body.id as string))).toBe(
      true,
    );
    expect(statSync(path!).mode & 0o777).toBe(0o600);
    expect(statSync(join(path!, '..')).mode & 0o777).toBe(0o700);
    expect(readFileSync(path!).includes('recognisable')).toBe(false);
    expect(body.name).toBe('evil.txt');
  });

  it('[PE-07] that were tampered with on the disk are not served', async () => {
    const { body } = await upload('a.txt', 'x'.repeat(200_000));
    const path = stored().find((file) => file.endsWith(body.id as string))!;
    const sealed = readFileSync(path);
    sealed[100]! ^= 1;
    writeFileSync(path, sealed);
    expect((await get(`/${body.id}`)).status).toBe(500);
    rmSync(path);
    expect((await get(`/${body.id}`)).status).toBe(503);
  });

  it.each([
    ['a.exe', Buffer.from('MZ'), '415 extension'],
    ['a.svg', '<svg xmlns="http://www.w3.org/2000/svg"/>', '415 extension'],
    ['a.html', '<html>', '415 extension'],
    ['a', 'no extension', '415 extension'],
    ['a.pdf.exe', pdf, '415 extension'],
    ['a.png', pdf, '415 content'],
    ['a.pdf', png(1, 1), '415 content'],
    ['a.txt', pdf, '415 content'],
    ['a.txt', '<!doctype html><script>alert(1)</script>', '415 text'],
    ['a.csv', ' \n<svg onload=alert(1)>', '415 text'],
    ['a.txt', '#!/bin/sh\nrm', '415 text'],
    ['a.txt', Buffer.from([0x61, 0x00, 0x62]), '415 text'],
    ['a.txt', Buffer.from([0x61, 0xc3, 0x28]), '415 text'],
    ['a.txt', Buffer.from('a\u0007b'), '415 text'],
    ['a.zip', gif, '415 content'],
    ['a.docx', zip([{ name: 'other.xml', content: 'x' }]), '415 content'],
    ['a.docx', docx, 'taken'],
    ['a.PNG', png(10, 10), 'taken'],
    ['a.jpeg', jpeg, 'taken'],
    ['a.gif', gif, 'taken'],
    ['a.pdf', pdf, 'taken'],
    ['a.txt', '', 'taken'],
    ['a.csv', '\ufeffname;größe\r\nx;1', 'taken'],
  ])('[PE-07][V5.2.2] %s is looked at: %#', async (name, content, expected) => {
    expect(await rule(name, content)).toBe(expected);
  });

  it('[PE-07][V5.2.6] pictures of too many pixels are refused by their header', async () => {
    expect(await rule('bomb.png', png(65_000, 65_000))).toBe('400 pixels');
    expect(await rule('fits.png', png(1_000, 1_000))).toBe('taken');
    const cut = png(10, 10).subarray(0, 18);
    expect(await rule('cut.png', cut)).toBe('400 image');
  });

  it.each([
    ['entries', Array.from({ length: 21 }, (_, i) => ({ name: `${i}`, content: '' }))],
    ['size', [{ name: 'a', content: randomBytes(10), claimed: 6_000_000 }]],
    ['ratio', [{ name: 'zeros', content: Buffer.alloc(4_000_000) }]],
    ['names', [{ name: '../../etc/passwd', content: 'x' }]],
    ['names', [{ name: '/etc/passwd', content: 'x' }]],
    ['names', [{ name: '..\\windows', content: 'x' }]],
    ['link', [{ name: 'link', content: '/etc/passwd', mode: 0o120777 }]],
    ['password', [{ name: 'a', content: 'x', encrypted: true }]],
  ])('[PE-07][V5.2.3] archives are refused for their %s: %#', async (what, entries) => {
    expect(await rule('a.zip', zip(entries))).toBe(`400 archive_${what}`);
  });

  it('[PE-07][V5.2.3] archives that lie, nest or hide are refused, honest ones are not', async () => {
    const inner = zip([{ name: 'a.txt', content: 'x' }]);
    const nest = (content: Buffer): Buffer => zip([{ name: 'inner.bin', content }]);
    expect(await rule('a.zip', zip([{ name: 'a', content: 'long text', claimed: 3 }]))).toBe(
      '400 archive',
    );
    expect(await rule('a.zip', nest(inner))).toBe('taken');
    expect(await rule('a.zip', nest(nest(inner)))).toBe('400 archive_depth');
    const bomb = zip([{ name: 'zeros', content: Buffer.alloc(4_000_000) }]);
    expect(await rule('a.zip', nest(bomb))).toBe('400 archive_ratio');
    expect(await rule('a.zip', zip([]))).toBe('taken');
    expect(await rule('a.zip', inner.subarray(0, 40))).toBe('400 archive');
    const macro = zip([{ name: 'word/vbaProject.bin', content: 'x' }]);
    expect(await rule('a.zip', macro)).toBe('400 macros');
    expect(await rule('a.gif', Buffer.concat([gif, inner]))).toBe('400 polyglot');
  });

  it('[PE-07] names are cleaned', async () => {
    for (const [given, kept] of [
      ['..\\..\\boot.txt', 'boot.txt'],
      ['a\u202etxt.exe.txt', 'atxt.exe.txt'],
      ['  .hidden.txt', 'hidden.txt'],
      [`${'x'.repeat(500)}.txt`, `${'x'.repeat(116)}.txt`],
    ]) {
      const { body } = await upload(given!, 'x');
      expect(body.name).toBe(kept);
    }
  });

  it('[PE-07] too large for the limit or the quota are refused, and nothing of them stays', async () => {
    const files = stored().length;
    expect((await upload('a.txt', 'x'.repeat(maxBytes + 1))).body.code).toBe('files.too_large');
    expect((await upload('a.txt', 'x'.repeat(maxBytes + 70_000))).body.code).toBe(
      'files.too_large',
    );
    expect(stored()).toHaveLength(files);
    expect((await upload('a.txt', 'x'.repeat(maxBytes))).status).toBe(201);
    expect((await upload('b.txt', 'x'.repeat(maxBytes))).body.code).toBe('files.quota_exceeded');
    const { body } = await upload('c.txt', 'x'.repeat(quotaBytes - maxBytes));
    expect(body.size).toBe(quotaBytes - maxBytes);
    expect((await upload('d.txt', 'x')).body.code).toBe('files.quota_exceeded');
    expect([stored().length - files, await rows()]).toEqual([2, 2]);
  });

  it('[PE-07] sixteen at once get no more room than the quota', async () => {
    const answers = await Promise.all(
      Array.from({ length: 16 }, (_, i) => upload(`${i}.txt`, 'x'.repeat(i % 2 ? 10 : 90_000))),
    );
    const taken = answers.filter(({ status }) => status === 201);
    const refused = answers.filter(({ body }) => body.code === 'files.quota_exceeded');
    expect(taken.length + refused.length).toBe(16);
    expect(taken.length).toBeGreaterThan(0);
    const used = taken.reduce((sum, { body }) => sum + (body.size as number), 0);
    expect(used).toBeLessThanOrEqual(quotaBytes);
    expect(await rows()).toBe(taken.length);
    expect(taken.length).toBeLessThanOrEqual(quotaFiles);
  });

  it.each<[string, (Buffer | string)[], number | undefined, string]>([
    ['no boundary in the body', ['hello'], undefined, '400'],
    ['an empty body', [], undefined, '400'],
    ['another field', [opening('a.txt', 'other'), 'x', ending], undefined, '400'],
    ['a file without a name', [opening(''), 'x', ending], undefined, '400'],
    ['two files', [opening(), 'x\r\n', opening('b.txt'), 'y', ending], undefined, '400'],
    [
      'a field beside',
      [opening(), 'x\r\n--b\r\nContent-Disposition: form-data; name="c"\r\n\r\n1', ending],
      undefined,
      '400',
    ],
    ['a thousand parts', [`${opening('', 'x')}1\r\n`.repeat(1_000), ending], undefined, '400'],
    ['huge headers', [opening('x'.repeat(20_000)), 'x', ending], undefined, '415'],
    ['no end', [opening(), 'x'.repeat(1_000)], undefined, '400'],
    ['a client that leaves', [opening(), 'x'.repeat(1_000)], 5_000, 'nothing'],
    ['text after the end', [opening(), 'x', ending, 'y'.repeat(1_000)], undefined, '201'],
    ['one byte at a time', [...`${opening()}xyz${ending}`], undefined, '201'],
  ])('[PE-07] a form with %s leaves nothing behind', async (_what, parts, length, expected) => {
    const files = stored().length;
    expect(await raw(parts, length)).toContain(expected);
    const kept = expected === '201' ? 1 : 0;
    for (
      let left = 50;
      left > 0 && ((await rows()) !== kept || stored().length !== files + kept);
      left--
    ) {
      await new Promise((done) => setTimeout(done, 20)); // the client went before it was over
    }
    expect([stored().length - files, await rows()]).toEqual([kept, kept]);
  });

  it.each([
    ['before', 'x'.repeat(maxBytes + 70_000)],
    ['behind', `${opening()}x${ending}${'x'.repeat(maxBytes + 70_000)}`],
  ])('[PE-07] endless text %s the file of a chunked form is cut', async (_where, text) => {
    const files = stored().length;
    const { hostname, port } = new URL(origin);
    const answer = await new Promise<string>((resolve) => {
      const socket = connect(Number(port), hostname);
      socket.once('data', (chunk) => resolve(chunk.toString('latin1')));
      socket.on('error', () => undefined);
      socket.write(
        `POST /api/v1/files HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${ada.accessToken}\r\n` +
          'Content-Type: multipart/form-data; boundary=b\r\nTransfer-Encoding: chunked\r\n' +
          `Connection: close\r\n\r\n${text.length.toString(16)}\r\n${text}\r\n`,
      );
    });
    expect(answer).toContain('files.too_large');
    expect([stored().length, await rows()]).toEqual([files, 0]);
  });

  it('[PE-07] other types of body are refused, and forms with files on other routes', async () => {
    const token = ada.accessToken;
    const json = await app.post('/api/v1/files', { file: 'x' }, { token });
    expect(json.body.code).toBe('http.unsupported_media_type');
    const headers = { 'content-type': 'multipart/form-data; boundary=b' };
    const body = `${opening()}x${ending}`;
    const elsewhere = await app.post('/api/v1/auth/login', body, { headers });
    expect(elsewhere.body.code).toBe('http.unsupported_media_type');
    const bare = { 'content-type': 'multipart/form-data' };
    const without = await app.post('/api/v1/files', body, { token, headers: bare });
    expect(without.body.code).toBe('files.malformed_upload');
    expect((await app.post('/api/v1/files', body, { headers })).body.code).toBe('auth.required');
  });

  it('[PE-08] that come too slowly are cut, steady ones may take their time', async () => {
    const parts = (count: number, bytes: number): string[] => [
      opening(),
      ...Array.from({ length: count }, () => 'x'.repeat(bytes)),
      ending,
    ];
    const length = (list: string[]): number => list.join('').length;
    const drip = parts(40, 10);
    const steady = parts(7, 30_000);
    const [slow, fine] = await Promise.all([
      raw(drip, length(drip), 250), // 40 bytes a second
      raw(steady, length(steady), 250), // 2 s in all: twice HTTP_RECEIVE_TIMEOUT_MS
    ]);
    expect(slow).toContain('408');
    expect(fine).toContain('201');
  });

  it('[PE-07] of processes that died, and of erased users, are cleaned up', async () => {
    await upload('a.txt', 'x');
    const died = '0199a0b0-7c1e-7b52-8f4d-3f1d2c9a6b99';
    const rest = join(folder, 'files', 'incoming', died);
    writeFileSync(rest, 'half');
    await app.database.superuser.query(
      `INSERT INTO files (id, owner_id, status, name, type, size, created_at)
       VALUES ($1, $2, 'receiving', 'a.txt', 'txt', 1, now() - interval '2 hours')`,
      [died, ada.id],
    );
    const other = await app.member();
    const { body } = await upload('b.txt', 'y', other);
    await app.database.superuser.query('DELETE FROM users WHERE id = $1', [other.id]);
    expect(stored().some((path) => path.endsWith(body.id as string))).toBe(true);
    expect(await app.app.get(FileCleanup).run()).toBe(2);
    expect(stored().filter((path) => path === rest || path.endsWith(body.id as string))).toEqual(
      [],
    );
    expect(await rows()).toBe(1);
  });

  it('are part of what their owner can export', async () => {
    const { body } = await upload('mine.txt', 'x');
    const answer = await app.get('/api/v1/users/me/export', { token: ada.accessToken });
    const content = `http://localhost:3000/api/v1/files/${body.id}`;
    expect(answer.body.data.files).toEqual([{ ...body, content }]);
  });

  it('are listed page by page', async () => {
    for (const name of ['1.txt', '2.txt', '3.txt']) await upload(name, 'x');
    const first = (await (await get('?limit=2')).json()) as Page;
    const second = (await (await get(`?limit=2&cursor=${first.nextCursor}`)).json()) as Page;
    expect([...first.items, ...second.items].map(({ name }) => name)).toEqual([
      '3.txt',
      '2.txt',
      '1.txt',
    ]);
    expect(second.nextCursor).toBeNull();
    expect((await get('?limit=0')).status).toBe(400);
  });
});

/** Only root may make a disk that is small enough to fill. */
const describeAsRoot = process.getuid?.() === 0 ? describe : describe.skip;

describeAsRoot('Files on a disk that is full', () => {
  const disk = mkdtempSync(join(tmpdir(), 'gatehouse-disk-'));
  let mounted = false;

  beforeAll(() => {
    mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'none', disk]).status === 0;
  });
  afterAll(() => {
    if (mounted) spawnSync('umount', [disk]);
    rmSync(disk, { recursive: true, force: true });
  });

  it('[PE-07] answer 507, keep no part, and go on when there is room', async () => {
    if (!mounted) return; // a container without the right to mount
    const small = await TestApp.start({ env: { DATA_DIR: disk } });
    const { accessToken: token } = await small.member();
    const send = (bytes: number): Promise<Answer> =>
      small.call('POST', '/api/v1/files', {
        token,
        headers: { 'content-type': 'multipart/form-data; boundary=b' },
        body: `${opening()}${'x'.repeat(bytes)}${ending}`,
      });
    const { status, body } = await send(600_000);
    expect([status, body.code]).toEqual([507, 'storage.full']);
    expect(readdirSync(join(disk, 'files', 'incoming'))).toEqual([]);
    expect((await small.get('/api/v1/files', { token })).body.items).toEqual([]);
    expect((await send(1_000)).status).toBe(201);
    await small.close();
  });
});

interface Page {
  items: { name: string }[];
  nextCursor: string | null;
}
