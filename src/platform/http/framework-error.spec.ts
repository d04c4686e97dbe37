import { fastify } from 'fastify';

import { answerFrameworkError } from './framework-error.js';
import { securityHeaders } from './security-headers.js';

describe("Refusals of Fastify's router", () => {
  it.each([
    ['/%zz', 400, 'http.malformed_request'],
    [`/${'a'.repeat(300)}`, 414, 'http.uri_too_long'],
  ])('[ER-01][V16.5.1] are problem documents like all others: %.10s', async (url, status, code) => {
    const server = fastify({ frameworkErrors: answerFrameworkError(securityHeaders) });
    server.get('/:id', () => 'found');
    const answer = await server.inject(url);
    expect(answer.statusCode).toBe(status);
    expect(answer.headers).toMatchObject({
      ...securityHeaders.api,
      'content-type': 'application/problem+json; charset=utf-8',
    });
    const requestId = answer.headers['x-request-id'];
    expect(answer.json()).toMatchObject({ status, code, instance: url, requestId });
    await server.close();
  });
});
