import { type ErrorCode, errors } from '../../../src/catalogue/errors.js';
import { securityHeaders } from '../../../src/platform/http/security-headers.js';

export interface AnyAnswer {
  status: number;
  headers: Record<string, string | undefined>;
  body: unknown;
}

/** What would tell an attacker how the service is built (ASVS V16.5.1). */
const internals =
  /node_modules|\/src\/|\/dist\/|\.[jt]s:\d|\bat [\w.<>]+ \(|Error:|FST_ERR|HPE_|SELECT |INSERT |UPDATE |DELETE FROM|postgres|typeorm|fastify|nestjs|node:internal/i;

/**
 * Checks that an answer is a complete problem document of this code; gives the document.
 * @param echoed input that the answer may quote
 */
export function expectProblem(
  answer: AnyAnswer,
  code: ErrorCode,
  echoed = '',
): Record<string, unknown> {
  const text = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body);
  const problem = JSON.parse(text) as Record<string, unknown>;
  const { status, title } = errors[code];
  expect({ status: answer.status, ...problem }).toMatchObject({
    status,
    type: `/problems/${code}`,
    title,
    code,
    detail: expect.stringMatching(/./) as unknown,
    instance: expect.any(String) as unknown,
    requestId: answer.headers['x-request-id'],
  });
  expect(answer.headers['x-request-id']).toMatch(/^[\w.-]{8,64}$/);
  expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8');
  expect(answer.headers).toMatchObject({
    ...securityHeaders.api,
    'content-security-policy': expect.stringContaining("default-src 'none'") as unknown,
  });
  const { instance: _echoed, ...said } = problem;
  const quoted = JSON.stringify(echoed).slice(1, -1);
  expect(
    JSON.stringify([said, answer.headers])
      .split(quoted || '\n')
      .join(''),
  ).not.toMatch(internals);
  return problem;
}
