import { AuditVerifier, LogKey, Sequencer } from '../../../src/features/audit-log/index.js';
import { expectProblem } from '../../security/support/problem.js';
import { type Answer, type SignedIn, TestApp } from '../../support/test-app.js';

const events = '/api/v1/audit/events';
const sources = '/api/v1/audit/sources';

describe('Events of other services', () => {
  let app: TestApp;
  let admin: SignedIn;
  let headers: Record<string, string>;
  let keyId: string;

  beforeAll(async () => {
    app = await TestApp.start();
    admin = await app.administrator();
    const body = { name: 'Billing', scopes: ['audit.write'] };
    const made = await app.post('/api/v1/api-keys', body, { token: admin.accessToken });
    headers = { authorization: `ApiKey ${made.body.key as string}` };
    keyId = made.body.id as string;
  });
  afterAll(() => app.close());

  const send = (...sent: object[]): Promise<Answer> =>
    app.post(events, { events: sent }, { headers });
  const paid = (id: string, payload: object = { sum: 12.5 }) => ({
    id,
    action: 'billing.invoice_paid',
    payload,
  });
  const written = (action = 'billing.invoice_paid') => app.audit(action);

  it('[AU-06] stand in the log as ours do, and say who told them', async () => {
    const event = {
      ...paid('full', { lines: [{ sum: 1 }], note: 'ü' }),
      time: '2026-01-31T09:30:00Z',
      actor: { kind: 'customer', id: 'c-4711' },
      target: { kind: 'invoice', id: 'i-42' },
      outcome: 'failure',
    };
    const { status, body } = await send(event);
    expect(status).toBe(200);
    expect(body.items).toEqual([{ id: 'full', eventId: expect.any(String), created: true }]);
    await app.app.get(Sequencer).run();
    const read = await app.get(`${events}?target=i-42`, { token: admin.accessToken });
    expect(read.body.items).toHaveLength(1);
    expect(read.body.items[0]).toMatchObject({
      id: body.items[0].eventId,
      category: 'external',
      outcome: 'failure',
      actor: { kind: 'service', id: admin.id, apiKeyId: keyId },
      payload: event.payload,
      external: { id: 'full', time: event.time, actor: event.actor },
    });
    expect(read.body.items[0].leafIdx).not.toBeNull();
    const key = app.app.get(LogKey).verifier;
    await expect(app.app.get(AuditVerifier).verify({ key })).resolves.toBeDefined();
  });

  it('[AU-06] are taken once, however often and however many at a time', async () => {
    const before = (await written()).length;
    const answers = await Promise.all(
      Array.from({ length: 16 }, (_, i) =>
        i % 2 ? send(paid('a'), paid('b'), paid('a')) : send(paid('b'), paid('a')),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    const items = answers.flatMap(({ body }) => body.items as { id: string; created: boolean }[]);
    expect(items.filter(({ created }) => created).map(({ id }) => id)).toHaveLength(2);
    expect(new Set(items.map((item) => JSON.stringify({ ...item, created: true }))).size).toBe(2);
    expect((await written()).length).toBe(before + 2);
  });

  it('[AU-06] are not kept out by another sender who takes their ids first', async () => {
    const other = await app.administrator();
    const body = { name: 'Not billing', scopes: ['audit.write'] };
    const made = await app.post('/api/v1/api-keys', body, { token: other.accessToken });
    const theirs = { authorization: `ApiKey ${made.body.key as string}` };
    const first = await app.post(events, { events: [paid('mine')] }, { headers: theirs });
    expect(first.body.items).toMatchObject([{ created: true }]);
    expect((await send(paid('mine'))).body.items).toMatchObject([{ created: true }]);
    const [one, two] = (await written()).slice(-2);
    expect([one!['actor_id'], two!['actor_id']]).toEqual([other.id, admin.id]);
  });

  it.each<[string, object, string]>([
    ['reads like one of ours', { action: 'auth.signed_in' }, '/events/1/action'],
    ['names no service', { action: 'paid' }, '/events/1/action'],
    ['has no id', { id: '' }, '/events/1/id'],
    [
      'holds a number that others read differently',
      { payload: { a: 2 ** 60 } },
      '/events/1/payload',
    ],
    ['is too large', { payload: { a: 'x'.repeat(9_000) } }, '/events/1/payload'],
    ['says something else', { admin: true }, '/events/1/admin'],
  ])('[AU-06] are refused, with those beside, when one %s', async (_, change, pointer) => {
    const before = (await written()).length;
    const answer = await send(paid('beside'), { ...paid('wrong'), ...change });
    expectProblem(answer, 'validation.failed');
    expect(answer.body.errors[0].pointer).toBe(pointer);
    expect((await written()).length).toBe(before);
  });

  it('[AU-06] look as their source has promised', async () => {
    const { accessToken: token } = admin;
    const schema = { type: 'object', required: ['box'], properties: { box: { type: 'integer' } } };
    const saved = await app.call('PUT', `${sources}/store`, { token, body: { schema } });
    expect([saved.status, saved.body.schema]).toEqual([200, schema]);
    const put = (id: string, payload: object) => send({ id, action: 'store.put', payload });
    expect((await put('1', { box: 7 })).status).toBe(200);
    const answer = await put('2', { box: 'x' });
    expectProblem(answer, 'validation.failed');
    expect(answer.body.errors[0].pointer).toBe('/events/0/payload/box');
    await app.call('DELETE', `${sources}/store`, { token });
    expect((await put('2', { box: 'x' })).status).toBe(200);
    expectProblem(await app.get(`${sources}/store`, { token }), 'audit.source_not_found');
    const changes = [
      ...(await written('audit.source_saved')),
      ...(await written('audit.source_removed')),
    ];
    expect(changes.map(({ payload }) => (payload as { source: string }).source)).toEqual([
      'store',
      'store',
    ]);
    for (const name of ['auth', 'Store', 'x'])
      expectProblem(
        await app.call('PUT', `${sources}/${name}`, { token, body: { schema } }),
        'validation.failed',
      );
  });

  it('[AU-06] are for services that may, and an auditor may not', async () => {
    const { accessToken: token } = await app.member();
    expectProblem(await app.post(events, { events: [paid('x')] }, { token }), 'access.denied');
    expectProblem(await app.get(sources, { headers }), 'access.denied');
  });
});
