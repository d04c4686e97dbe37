import { writeFileSync } from 'node:fs';

import type { OpenAPIObject } from '@nestjs/swagger';

import { builtDocument } from '../support/built-document.js';
import { Contract } from '../support/contract.js';
import { type Answer, type SignedIn, TestApp } from '../support/test-app.js';
import { Fuzzer, type FuzzRequest } from './support/fuzzer.js';

/** `npm run test:security` asks for more, and from another seed each time. */
const { FUZZ_REQUESTS = '1500', FUZZ_SEED = '1', FUZZ_REPORT } = process.env;

/** What any route may answer to a target or a size that is none; the document does not repeat it. */
const anywhere = [413, 414];

describe('Requests made out of the OpenAPI document', () => {
  let app: TestApp;
  let root: SignedIn;
  let document: OpenAPIObject;
  let contract: Contract;

  beforeAll(async () => {
    document = await builtDocument({ NODE_ENV: 'test' });
    contract = new Contract(document);
    const env = { RATE_LIMIT_SCALE: '1000000', CSP_REPORTS: 'on' };
    app = await TestApp.start({ env });
    root = await app.administrator();
  });
  afterAll(() => app.close());

  async function send({ method, url, body, type }: FuzzRequest): Promise<Answer> {
    const headers: Record<string, string> = type === undefined ? {} : { 'content-type': type };
    return app.call(method, url, {
      token: root.accessToken,
      headers,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
  }

  /** What is wrong with an answer, whatever was asked. */
  function complaintOf({ method, url, body }: FuzzRequest, answer: Answer): string | undefined {
    if (answer.status >= 500) return `status ${answer.status}`;
    if (answer.status >= 400) {
      const type = answer.headers['content-type'];
      if (!type?.startsWith('application/problem+json')) return `a problem as ${type}`;
      if (answer.body.status !== answer.status || !answer.body.requestId) return 'half a problem';
    }
    if (anywhere.includes(answer.status)) return undefined;
    try {
      contract.check(method, url, body, answer);
      return undefined;
    } catch (error) {
      const { message } = error as Error;
      // Addresses in other scripts are taken (RFC 6531); the format of the document knows ASCII.
      const international = message.includes('format "email"') && /[^ -~]/.test(message);
      return international ? undefined : message.slice(0, 300);
    }
  }

  it(`[PE-06][ER-01][OP-02] are answered as it says: ${FUZZ_REQUESTS} from seed ${FUZZ_SEED}`, async () => {
    const member = await app.member();
    const fuzzer = new Fuzzer(document, Number(FUZZ_SEED), {
      id: member.id,
      name: 'auditor',
      code: 'access.denied',
      email: member.email,
      username: member.username,
      identifier: member.username,
    });
    const findings: { complaint: string; request: FuzzRequest }[] = [];
    const statuses = new Map<number, number>();
    for (const request of fuzzer.requests(Number(FUZZ_REQUESTS))) {
      const answer = await send(request);
      statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
      const complaint = complaintOf(request, answer);
      if (complaint) findings.push({ complaint, request });
    }
    if (FUZZ_REPORT) {
      const report = {
        requests: FUZZ_REQUESTS,
        seed: FUZZ_SEED,
        statuses: [...statuses],
        findings,
      };
      writeFileSync(FUZZ_REPORT, JSON.stringify(report, null, 2));
    }
    expect(findings.slice(0, 20)).toEqual([]);
    // Half of it all must have gone beyond the door, else it proves little.
    expect((statuses.get(401) ?? 0) / Number(FUZZ_REQUESTS)).toBeLessThan(0.5);
    expect([...statuses.keys()].some((status) => status < 300)).toBe(true);
  }, 900_000);
});
