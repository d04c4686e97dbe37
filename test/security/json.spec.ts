import { parseStrictJson } from '../../src/platform/http/strict-json.js';
import { TestApp } from '../support/test-app.js';
import { invalidJson, type JsonCase, refusedJson, validJson } from './support/json-cases.js';
import { expectProblem } from './support/problem.js';

describe('JSON at the edge', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await TestApp.start();
  });
  afterAll(() => app.close());

  /** As the body of a route that anybody may call; gives the codes that answers have by name. */
  async function codesOf(cases: readonly JsonCase[]): Promise<[string, unknown][]> {
    const codes: [string, unknown][] = [];
    for (const [name, payload] of cases) {
      const { statusCode, headers, body } = await app.app.inject({
        method: 'POST',
        url: '/api/v1/auth/refresh',
        headers: { 'content-type': 'application/json' },
        payload,
      });
      expect([name, statusCode]).toEqual([name, 400]);
      const { code } = JSON.parse(body) as { code: 'http.malformed_json' };
      expectProblem({ status: statusCode, headers: headers as Record<string, string>, body }, code);
      codes.push([name, code]);
    }
    return codes;
  }

  it('[PE-06][V1.5.3] is read when it is valid, and then meets the rules of the route', async () => {
    for (const [name, json] of validJson) {
      const read = parseStrictJson(Buffer.from(json));
      expect([name, read]).toEqual([name, JSON.parse(String(json))]);
    }
    const codes = await codesOf(validJson);
    expect(codes).toEqual(validJson.map(([name]) => [name, 'validation.failed']));
  });

  it('[PE-06][V1.5.3] is refused when it is none', async () => {
    const codes = await codesOf(invalidJson);
    expect(codes).toEqual(invalidJson.map(([name]) => [name, 'http.malformed_json']));
  });

  it('[PE-06][V1.5.3] is refused where two readers could read it differently', async () => {
    for (const [name, code] of await codesOf(refusedJson)) {
      expect([name, ['http.malformed_json', 'validation.failed'].includes(String(code))]).toEqual([
        name,
        true,
      ]);
    }
  });
});
