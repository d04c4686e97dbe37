import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Command } from 'commander';

import { addAudit } from '../../../src/cli/audit.command.js';
import { AuditService } from '../../../src/features/audit/index.js';
import { Sequencer } from '../../../src/features/audit-log/index.js';
import { runInContext } from '../../../src/platform/context/request-context.js';
import { Database } from '../../../src/platform/database/index.js';
import { expectProblem } from '../../security/support/problem.js';
import { type Answer, type SignedIn, TestApp } from '../../support/test-app.js';

const audit = '/api/v1/audit';

interface Event {
  id: string;
  time: string;
  action: string;
  actor: { id: string | null; apiKeyId: string | null };
  target: { id: string } | null;
  requestId: string;
  leafIdx: number | null;
  origin: { address: string; userAgent: string } | null;
  erased: boolean;
}

describe('Searching the audit trail', () => {
  let app: TestApp;
  let auditor: SignedIn;
  let member: SignedIn;
  /** What one request from 192.0.2.7 did. */
  const requestId = 'request-of-the-test';
  const address = '192.0.2.7';

  const read = (path: string): Promise<Answer> =>
    app.get(`${audit}/${path}`, { token: auditor.accessToken });
  const search = async (query: string): Promise<Event[]> => {
    const { status, body } = await read(`events?${query}`);
    expect(status).toBe(200);
    return body.items as Event[];
  };
  const sequence = (): Promise<number> => app.app.get(Sequencer).run();
  const record = (count: number, userAgent = 'a browser'): Promise<void> =>
    runInContext({ origin: 'http', requestId, address, userAgent }, () =>
      app.app.get(AuditService).recordAll(
        'users.erased',
        Array.from({ length: count }, () => ({
          payload: {},
          target: { kind: 'user' as const, id: member.id },
        })),
      ),
    );

  beforeAll(async () => {
    app = await TestApp.start();
    auditor = await app.administrator();
    member = await app.member();
    await record(30);
    await sequence();
  });
  afterAll(() => app.close());

  it('[AU-04] gives pages of the newest first, without gap or repetition', async () => {
    const seen: Event[] = [];
    for (let cursor = ''; ;) {
      const { body } = await read(`events?action=users.erased&limit=7${cursor}`);
      seen.push(...(body.items as Event[]));
      if (body.nextCursor === null) break;
      expect(body.items).toHaveLength(7);
      cursor = `&cursor=${body.nextCursor as string}`;
    }
    const ids = seen.map(({ id }) => id);
    expect(ids).toEqual([...new Set(ids)].sort().reverse());
    expect(ids).toHaveLength(30);
    expect(seen[0]).toMatchObject({ requestId, origin: { address, userAgent: 'a browser' } });
    expect(seen.every(({ leafIdx }) => leafIdx !== null)).toBe(true);
  });

  it('[AU-04] finds by each filter, and by all of them', async () => {
    const all = { action: 'users.erased', target: member.id, ip: address, requestId };
    const combinations: Record<string, string>[] = [
      ...Object.entries(all).map(([name, value]) => ({ [name]: value })),
      { ip: '192.0.2.0/24' },
      { action: 'users.*', requestId },
      { ...all, from: '2020-01-01', to: new Date(Date.now() + 60_000).toISOString() },
      { ...all, action: 'users.*', from: '2020-01-01T00:00:00+02:00' },
    ];
    for (const filters of combinations) {
      const found = await search(new URLSearchParams({ ...filters, limit: '100' }).toString());
      expect(found.filter(({ action }) => action === 'users.erased')).toHaveLength(30);
      for (const event of found) {
        if (filters['target']) expect(event.target!.id).toBe(member.id);
        if (filters['ip']) expect(event.origin!.address).toBe(address);
        if (filters['requestId']) expect(event.requestId).toBe(requestId);
      }
    }
    expect(await search(`requestId=${requestId}&to=2020-01-01`)).toEqual([]);
    expect(await search(`requestId=${requestId}&action=roles.*`)).toEqual([]);
    expect(await search(`requestId=${requestId}&ip=198.51.100.1`)).toEqual([]);
  });

  it('[AU-04] finds what a user did, and what one of their API keys did', async () => {
    const body = { name: 'Search', scopes: ['audit.read'] };
    const made = await app.post('/api/v1/api-keys', body, { token: auditor.accessToken });
    const headers = { authorization: `ApiKey ${made.body.key as string}` };
    expect((await app.get(`${audit}/events`, { headers })).status).toBe(200);
    const byKey = await search(`actor=${made.body.id as string}`);
    expect(byKey.map(({ action }) => action)).toEqual(['audit.searched']);
    expect(byKey[0]!.actor).toMatchObject({ id: auditor.id, apiKeyId: made.body.id });
    const byUser = await search(`actor=${auditor.id}&limit=100`);
    expect(byUser.map(({ id }) => id)).toContain(byKey[0]!.id);
    expect(byUser.every(({ actor }) => actor.id === auditor.id)).toBe(true);
  });

  it('[AU-04] begins and ends at the times given', async () => {
    const found = await search(`requestId=${requestId}&limit=100`);
    const middle = found[0]!.time;
    const since = await search(`requestId=${requestId}&limit=100&from=${middle}`);
    const before = await search(`requestId=${requestId}&limit=100&to=${middle}`);
    expect(since.every(({ time }) => time >= middle)).toBe(true);
    expect([...since, ...before]).toHaveLength(found.length);
  });

  it.each([
    ['actor=me', 'actor'],
    ['action=*', 'action'],
    ['from=yesterday', 'from'],
    ['from=2026-13-45', 'from'],
    ['from=2026-02-01&to=2026-01-01', 'from'],
    ['ip=192.0.2', 'ip'],
    ['ip=192.0.2.0/40', 'ip'],
    ['ip=%3A%3Axyz', 'ip'],
    ['ip=fe80%3A%3A1%25eth0', 'ip'],
    ['limit=101', 'limit'],
    ['cursor=1', 'cursor'],
    ['sort=time', 'sort'],
  ])('[AU-04] refuses %s', async (query, field) => {
    const answer = await read(`events?${query}`);
    expectProblem(answer, 'validation.failed');
    expect(answer.body.errors[0].pointer).toBe(`/query/${field}`);
  });

  it('[AU-04] is seen itself, without what was searched for', async () => {
    await search(`ip=${address}&target=${member.id}`);
    const searched = (await app.audit('audit.searched')).at(-1)!;
    expect(searched['payload']).toEqual({ view: 'events', filters: ['ip', 'target'], results: 20 });
    expect(String(searched['leaf'])).not.toContain(address);
    expect(searched['actor_id']).toBe(auditor.id);
    const [event] = await search('limit=1');
    const { status, body } = await read(`events/${event!.id}`);
    expect([status, body.id]).toEqual([200, event!.id]);
    const seen = (await app.audit('audit.read')).at(-1)!;
    expect(seen['payload']).toEqual({ eventId: event!.id });
  });

  it('[AU-04] answers as for every other resource', async () => {
    expectProblem(
      await read('events/00000000-0000-7000-8000-000000000000'),
      'audit.event_not_found',
    );
    const { accessToken: token } = member;
    for (const path of ['events', 'export', `timelines/users/${member.id}`])
      expectProblem(await app.get(`${audit}/${path}`, { token }), 'access.denied');
  });

  it('[AU-05] says that somebody was erased, and finds no address of theirs', async () => {
    const gone = await app.member();
    await app.get('/api/v1/users/me', { token: gone.accessToken });
    await sequence();
    await app.app.get(Database).transaction(() => app.app.get(AuditService).forget([gone.id]));
    const found = await search(`actor=${gone.id}`);
    expect(found.length).toBeGreaterThan(0);
    expect(found.every(({ erased, origin }) => erased && origin === null)).toBe(true);
  });

  it('[AU-07] tells the story of a user, an address and a request, in order', async () => {
    for (const path of [
      `timelines/users/${member.id}`,
      `timelines/addresses/${address}`,
      `timelines/requests/${requestId}`,
    ]) {
      const first = await read(`${path}?limit=10`);
      const next = await read(`${path}?limit=10&cursor=${first.body.nextCursor as string}`);
      const items = [...first.body.items, ...next.body.items] as (Event & { summary: string })[];
      const ids = items.map(({ id }) => id);
      expect(ids).toEqual([...new Set(ids)].sort());
      expect(ids).toHaveLength(20);
      const told = items.find(({ action }) => action === 'users.erased')!.summary;
      expect(told).toContain(`by anonymous from ${address}, on user ${member.id}`);
    }
    const own = await read(`timelines/users/${member.id}?limit=1`);
    expect(own.body.items[0].summary).toMatch(/^An account was registered: by /);
    for (const none of ['nowhere', 'fe80::1%25eth0', '192.0.2.0%2F40']) {
      expectProblem(await read(`timelines/addresses/${none}`), 'validation.failed');
    }
    const mapped = await read(`timelines/addresses/::ffff:${address}?limit=1`);
    expect(mapped.body.items).toHaveLength(1);
  });

  describe('exported', () => {
    let directory: string;
    beforeAll(async () => {
      directory = await mkdtemp(join(tmpdir(), 'gatehouse-export-'));
      await record(600, '=HYPERLINK("http://example.com")'); // more than a page
    });

    const written = async (name: string, text: string): Promise<string> => {
      await writeFile(join(directory, name), text);
      return join(directory, name);
    };
    /** What the operators' command says of an export. */
    const verify = async (text: string): Promise<string> => {
      const checkpoint = JSON.parse(text.trim().split('\n').at(-1)!).checkpoint as string;
      const key = ((await app.get(`${audit}/public-key`)).body as string).trim();
      const said: string[] = [];
      const write = (chunk: unknown): boolean => said.push(String(chunk)) > 0;
      const spies = [process.stdout, process.stderr].map((stream) =>
        jest.spyOn(stream, 'write').mockImplementation(write),
      );
      try {
        const program = new Command();
        addAudit(program);
        const files = ['--export', await written('log', text)];
        const options = ['--checkpoint', await written('checkpoint', checkpoint), '--key', key];
        await program.parseAsync(['node', 'cli', 'audit', 'verify', ...files, ...options]);
      } finally {
        spies.forEach((spy) => spy.mockRestore());
        process.exitCode = undefined;
      }
      return said.join('');
    };

    it('[AU-03][AU-04] is the whole log, and verifies without the service', async () => {
      const { status, headers, body } = await read('export?format=ndjson');
      expect(status).toBe(200);
      expect(headers['content-type']).toBe('application/x-ndjson; charset=utf-8');
      const { rows } = await app.database.superuser.query('SELECT count(*) FROM audit_entries');
      const lines = (body as string).trim().split('\n');
      expect(lines).toHaveLength(Number(rows[0].count) + 1);
      expect(await verify(body as string)).toContain('nothing was left out');
      const changed = (body as string).replace('"a browser"', '"another"');
      expect(await verify(changed)).toContain('nothing was left out'); // sealed: not in the leaf
      const forged = (body as string).replaceAll('users.erased', 'users.edited');
      expect(await verify(forged)).toMatch(/^NOT VERIFIED/);
      expect(await verify(lines.toSpliced(3, 1).join('\n'))).toMatch(/^NOT VERIFIED at entry 3/);
    });

    it('[AU-03][AU-04] is a part of it, each entry with its proof', async () => {
      const { body } = await read(`export?requestId=${requestId}&action=users.*`);
      expect(await verify(body as string)).toMatch(/^Verified: 630 of \d+ entries/);
      const forged = (body as string).replaceAll('users.erased', 'users.edited');
      expect(await verify(forged)).toMatch(/^NOT VERIFIED at entry \d+: .*proof leads elsewhere/);
      const proved = (await read('export?proofs=true')).body as string;
      expect(JSON.parse(proved.split('\n')[0]!)).toHaveProperty('proof');
      expect(await verify(proved)).toContain('nothing was left out');
    });

    it('[AU-03][AU-04][V1.2.10] is a table that no spreadsheet runs', async () => {
      const { headers, body } = await read(`export?format=csv&requestId=${requestId}`);
      expect(headers['content-type']).toBe('text/csv; charset=utf-8');
      expect(headers['content-disposition']).toBe('attachment; filename="audit.csv"');
      const lines = (body as string).split('\r\n');
      expect(lines).toHaveLength(1 + 630 + 1);
      expect(lines[0]).toMatch(/^leafIdx,id,time,action,/);
      expect(lines.at(-2)).toContain(`,"'=HYPERLINK(""http://example.com"")",`);
    });

    it('[AU-04] is seen, and refuses what it cannot give', async () => {
      await read(`export?ip=${address}`);
      const exported = (await app.audit('audit.exported')).at(-1)!;
      expect(exported['payload']).toEqual({ format: 'ndjson', filters: ['ip'], proofs: true });
      expectProblem(await read('export?format=xml'), 'validation.failed');
      expectProblem(await read('export?proofs=1'), 'validation.failed');
    });
  });
});
