import { Metrics } from '../../src/platform/telemetry/metrics.js';
import { type Answer, TestApp } from '../support/test-app.js';
import { expectProblem } from './support/problem.js';

const path = '/api/v1/csp-reports';
const secret = 'ada@example.com';
const report = {
  type: 'csp-violation',
  url: `http://localhost:3000/account?${secret}`,
  user_agent: secret,
  body: {
    documentURL: `http://localhost:3000/account?${secret}`,
    blockedURL: `https://evil.example/${secret}`,
    effectiveDirective: 'img-src',
    disposition: 'enforce',
    sample: secret,
    referrer: `https://mail.example/${secret}`,
  },
};

describe('Reports of browsers', () => {
  let app: TestApp;
  let quiet: TestApp;
  const lines: string[] = [];

  beforeAll(async () => {
    const env = { CSP_REPORTS: 'on', RATE_LIMIT_SCALE: '1' };
    app = await TestApp.start({ env, log: (line) => lines.push(line) });
    quiet = await TestApp.start({ database: app.database, masterKey: app.masterKey });
  });
  afterAll(async () => {
    await quiet.close();
    await app.close();
  });

  const send = (body: unknown, type = 'application/reports+json', to = app): Promise<Answer> =>
    to.post(path, body, { headers: { 'content-type': type } });

  async function counted(): Promise<number> {
    const { values } = await app.app.get(Metrics).counter('csp_reports_total').get();
    return values.reduce((sum, { value }) => sum + value, 0);
  }

  it('[PE-04][V3.4.7] are counted and logged without a word about people', async () => {
    const before = await counted();
    expect((await send([report, report])).status).toBe(204);
    const old = { 'csp-report': { 'blocked-uri': 'inline', 'document-uri': `http://x/${secret}` } };
    expect((await send(old, 'application/csp-report; charset=utf-8')).status).toBe(204);
    expect(await counted()).toBe(before + 3);
    const told = lines.filter((line) => line.includes('violated'));
    expect(told).toHaveLength(3);
    expect(JSON.parse(told[0]!)).toMatchObject({
      surface: 'page',
      directive: 'img-src',
      blocked: 'foreign',
      blockedOrigin: 'https://evil.example',
    });
    expect(lines.join('')).not.toContain('ada');
  });

  it('[PE-04] are asked for where pages render, when they are wanted', async () => {
    const url = 'http://localhost:3000/api/v1/csp-reports';
    for (const page of ['/account', '/setup', '/docs/']) {
      const { headers } = await app.get(page);
      expect(headers['reporting-endpoints']).toBe(`csp="${url}"`);
      expect(headers['content-security-policy']).toContain(`report-uri ${url}; report-to csp`);
      expect((await quiet.get(page)).headers['reporting-endpoints']).toBeUndefined();
    }
    expectProblem(await send([report], undefined, quiet), 'http.not_found');
  });

  it('[PE-04][PE-06] are bounded, and taken nowhere else', async () => {
    expectProblem(await send({}), 'validation.failed');
    expectProblem(await send('[{'), 'http.malformed_json');
    expectProblem(await send([report], 'application/json'), 'http.unsupported_media_type');
    expectProblem(await send([report], 'text/plain'), 'http.unsupported_media_type');
    expectProblem(await send([{ type: 'x'.repeat(66_000) }]), 'http.payload_too_large');
    const headers = { 'content-type': 'application/reports+json' };
    const login = await app.post('/api/v1/auth/login', {}, { headers });
    expectProblem(login, 'http.unsupported_media_type');
  });

  it('[PE-01][PE-04] are counted by address, so that nobody fills the log', async () => {
    const lined = lines.length;
    let last = await send([report]);
    for (let n = 0; n < 60 && last.status === 204; n++) last = await send([report]);
    expectProblem(last, 'throttling.limit_exceeded');
    const full = lines.length;
    for (let n = 0; n < 5; n++) expect((await send(Array(20).fill(report))).status).toBe(429);
    expect(lines.slice(full).filter((line) => line.includes('violated'))).toEqual([]);
    expect(full).toBeGreaterThan(lined);
  });
});
