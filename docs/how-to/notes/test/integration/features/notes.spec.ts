import { type Answer, type SignedIn, TestApp } from '../../support/test-app.js';

describe('Notes', () => {
  let app: TestApp;
  let ada: SignedIn;

  beforeAll(async () => {
    app = await TestApp.start();
  });
  afterAll(() => app.close());
  beforeEach(async () => {
    ada = await app.member();
  });

  const write = (text: unknown, user = ada): Promise<Answer> =>
    app.post('/api/v1/notes', { text }, { token: user.accessToken });
  const list = (query = '', user = ada): Promise<Answer> =>
    app.get(`/api/v1/notes${query}`, { token: user.accessToken });
  const remove = (id: string, user = ada): Promise<Answer> =>
    app.call('DELETE', `/api/v1/notes/${id}`, { token: user.accessToken });

  it('are written, listed and deleted, and the audit trail tells of it', async () => {
    const written = await write('Renew the certificate');
    expect(written).toMatchObject({ status: 201, body: { text: 'Renew the certificate' } });
    const { id } = written.body as { id: string };
    expect((await list()).body).toEqual({ items: [written.body], nextCursor: null });
    expect((await remove(id)).status).toBe(204);
    expect((await list()).body.items).toEqual([]);
    expect((await remove(id)).body.code).toBe('notes.not_found');
    for (const action of ['notes.created', 'notes.deleted']) {
      const told = (await app.audit(action)).filter(({ actor_id }) => actor_id === ada.id);
      expect(told).toMatchObject([{ payload: { noteId: id }, outcome: 'success' }]);
    }
  });

  it('are paged newest first, and a note written in between moves nothing', async () => {
    for (const text of ['1', '2', '3', '4', '5']) await write(text);
    const pages: string[][] = [];
    for (let query: string | null = '?limit=2'; query;) {
      const { body } = (await list(query)) as { body: Page };
      pages.push(body.items.map(({ text }) => text));
      query = body.nextCursor && `?limit=2&cursor=${body.nextCursor}`;
      await write('later');
    }
    expect(pages).toEqual([['5', '4'], ['3', '2'], ['1']]);
  });

  it('are seen and deleted by nobody else', async () => {
    const { id } = (await write('Secret')).body as { id: string };
    const eve = await app.member();
    expect((await list('', eve)).body.items).toEqual([]);
    expect(await remove(id, eve)).toMatchObject({
      status: 404,
      body: { code: 'notes.not_found' },
    });
    expect((await list()).body.items).toHaveLength(1);
  });

  it('demand a signed-in caller and valid input, and are counted', async () => {
    expect((await app.get('/api/v1/notes')).body.code).toBe('auth.required');
    for (const text of ['', 'x'.repeat(2_001), 7, null]) {
      const { code, errors } = (await write(text)).body;
      expect([code, errors[0].pointer]).toEqual(['validation.failed', '/text']);
    }
    for (const query of ['?limit=0', '?limit=101', '?cursor=first', '?owner=me']) {
      expect((await list(query)).body.code).toBe('validation.failed');
    }
    expect((await list()).headers['ratelimit-policy']).toMatch(/^"user";/);
  });

  it('are part of what their owner can export', async () => {
    const written = await write('Mine');
    const { body } = await app.get('/api/v1/users/me/export', { token: ada.accessToken });
    expect(body.data.notes).toEqual([written.body]);
  });
});

interface Page {
  items: { text: string }[];
  nextCursor: string | null;
}
