import { AuditService } from '../../../src/features/audit/index.js';
import { Sequencer } from '../../../src/features/audit-log/index.js';
import { runInContext } from '../../../src/platform/context/request-context.js';
import { expectProblem } from '../../security/support/problem.js';
import { type SignedIn, TestApp } from '../../support/test-app.js';

const summary = '/api/v1/audit/summary';

describe('The summary of a day', () => {
  let app: TestApp;
  let admin: SignedIn;
  let member: SignedIn;
  const today = new Date().toISOString().slice(0, 10);

  beforeAll(async () => {
    app = await TestApp.start();
    admin = await app.administrator();
    member = await app.member();
    const { accessToken: token } = admin;
    for (let i = 0; i < 21; i++) await app.get('/api/v1/users', { token: member.accessToken }); // access.denied
    const failed = Array.from({ length: 25 }, () => ({
      payload: { reason: 'wrong_password' as const },
      target: { kind: 'user' as const, id: member.id },
    }));
    await runInContext(
      { origin: 'http', requestId: 'x', address: '198.51.100.9', userAgent: null },
      () => app.app.get(AuditService).recordAll('auth.sign_in_refused', failed),
    );
    await app.call('PUT', `/api/v1/users/${member.id}/roles`, {
      token,
      body: { roles: ['admin'] },
    });
    const body = { name: 'Summary', scopes: ['audit.read'] };
    const made = await app.post('/api/v1/api-keys', body, { token });
    const headers = { authorization: `ApiKey ${made.body.key as string}` };
    await app.get('/api/v1/audit/events', { headers });
    await app.app.get(Sequencer).run();
  });
  afterAll(() => app.close());

  it('[AU-07] counts, and names what is unusual', async () => {
    const { status, body } = await app.get(summary, { token: admin.accessToken });
    expect(status).toBe(200);
    expect(body).toMatchObject({ day: today, failedSignIns: 25, newAddresses: 2, roleChanges: 1 });
    expect(body.signIns).toBe(2);
    expect(body.failedSignInsBefore).toEqual(Array.from({ length: 14 }, () => 0));
    expect(body.keyUse).toEqual([{ apiKeyId: expect.any(String), events: 1 }]);
    const anomalies = body.anomalies as { kind: string; userId: string; address: string }[];
    const of = (kind: string) => anomalies.filter((anomaly) => anomaly.kind === kind);
    expect(of('failed_sign_ins')).toHaveLength(1);
    expect(of('administrator_made').map(({ userId }) => userId)).toEqual([admin.id, member.id]);
    expect(of('many_refusals').map(({ userId }) => userId)).toEqual([member.id]);
    expect(of('many_failures_from_address').map((each) => each.address)).toEqual(['198.51.100.9']);
    const signedIn = of('administrator_from_new_address').map(({ userId }) => userId);
    expect(signedIn.sort()).toEqual([admin.id, member.id].sort());
  });

  it('[AU-07] of a day without events is empty', async () => {
    const { body } = await app.get(`${summary}?day=2026-01-31`, { token: admin.accessToken });
    expect(body).toMatchObject({ signIns: 0, failedSignIns: 0, keyUse: [], anomalies: [] });
  });

  it('[AU-07] is for who may read the trail, and refuses what is no day', async () => {
    const other = await app.member();
    expectProblem(await app.get(summary, { token: other.accessToken }), 'access.denied');
    for (const day of ['today', '2026-02-31', '2026-13-01'])
      expectProblem(
        await app.get(`${summary}?day=${day}`, { token: admin.accessToken }),
        'validation.failed',
      );
  });
});
