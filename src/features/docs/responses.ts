import { STATUS_CODES } from 'node:http';

import type { ResponseObject } from '@nestjs/swagger';

import { type ErrorCode, errors } from '../../catalogue/errors.js';
import { unlimited } from '../../platform/throttling/limit.decorator.js';
import { headersOf } from './headers.js';
import { exampleReference } from './problem-examples.js';
import type { Operation, Traits } from './traits.js';

const successes: Record<string, string> = {
  '200': 'Done; the body is the answer.',
  '201': 'Made; the body is what was made.',
  '204': 'Done; there is no body.',
};

/** `users.email_taken, users.username_taken` */
const listOfCodes = /^[a-z_]+\.[a-z_]+(, [a-z_]+\.[a-z_]+)*$/;

/** Describes what a route answers when all is well, and every problem it may answer instead. */
export function completeResponses(operation: Operation, traits: Traits): void {
  const responses = operation.responses as Record<string, ResponseObject>;
  for (const [status, codes] of problemsOf(operation, traits)) {
    responses[status] = withProblems(responses[status], status, codes);
  }
  if (traits.editable && !traits.writes) {
    responses['304'] = { description: 'It is still what the ETag sent names.' };
  }
  if (traits.givesTokens) allowCookies(responses['200']);
  for (const [status, response] of Object.entries(responses)) {
    response.description ||= successes[status] ?? STATUS_CODES[status] ?? '';
    response.headers = { ...response.headers, ...headersOf(status, traits) };
  }
}

/** With `mode: "cookie"` the answer is another one. */
function allowCookies(response: ResponseObject | undefined): void {
  const media = response?.content?.['application/json'];
  if (!media) return; // read from sources, the document has no types
  const inCookies = { $ref: '#/components/schemas/BrowserSessionView' };
  const { anyOf = [media.schema!] } = media.schema as { anyOf?: object[] };
  media.schema = { anyOf: [...(anyOf as [typeof inCookies]), inCookies] };
}

/** The error codes of a route by status: those its comment declares, and those of the rules. */
function problemsOf(operation: Operation, traits: Traits): Map<string, ErrorCode[]> {
  const byStatus = new Map<string, ErrorCode[]>();
  for (const code of new Set([...declaredCodes(operation), ...codesByRule(traits)])) {
    const status = String(errors[code].status);
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return byStatus;
}

/**
 * Codes of `@throws {409} users.email_taken, users.username_taken` in the comment of a handler,
 * which the Swagger plugin leaves as the description of the response.
 */
function declaredCodes({ operationId, responses }: Operation): ErrorCode[] {
  return Object.entries(responses as Record<string, ResponseObject>)
    .filter(([status, { content }]) => Number(status) >= 400 && !content)
    .filter(([, { description }]) => listOfCodes.test(description))
    .flatMap(([status, { description }]) =>
      description.split(', ').map((code) => {
        const known = Object.hasOwn(errors, code) ? errors[code as ErrorCode].status : undefined;
        if (String(known) === status) return code as ErrorCode;
        throw new Error(`${operationId}: there is no error ${code} of status ${status}`);
      }),
    );
}

function codesByRule(traits: Traits): ErrorCode[] {
  const { guarded, permission, limit, takesParameters, writes, repeatable, editable } = traits;
  const when = (condition: boolean, ...codes: ErrorCode[]): ErrorCode[] => (condition ? codes : []);
  return [
    'http.malformed_request',
    ...when(takesParameters || traits.takesBody, 'validation.failed'),
    ...when(writes, 'http.malformed_json', 'http.payload_too_large'),
    ...when(writes, 'http.unsupported_media_type'),
    ...when(guarded, 'auth.required', 'auth.invalid_token'),
    ...when((guarded && writes) || traits.givesTokens, 'csrf.failed'),
    ...when(permission !== undefined, 'access.denied'),
    ...when(traits.sessionOnly, 'auth.session_required'),
    ...when(traits.stepUp, 'auth.step_up_required'),
    ...when(writes, 'resource.conflict', 'database.read_only', 'database.full'),
    ...when(editable && writes, 'resource.changed'),
    ...when(
      repeatable !== undefined,
      'idempotency.key_reused',
      'idempotency.in_progress',
      'idempotency.answer_gone',
    ),
    ...when(limit !== unlimited, 'throttling.limit_exceeded', 'throttling.blocked'),
    ...when(limit !== unlimited, 'server.overloaded'),
    'server.internal',
    'server.timeout',
    'database.unavailable', // also on routes that need none: finding out who calls does
    ...when(guarded || writes, 'redis.unavailable'),
  ];
}

/** A response of this status that has a body of its own keeps it beside the problems. */
function withProblems(
  own: ResponseObject | undefined,
  status: string,
  codes: readonly ErrorCode[],
): ResponseObject {
  const text = `${STATUS_CODES[status]}: ${codes.map((code) => `\`${code}\``).join(', ')}`;
  return {
    description: own && !listOfCodes.test(own.description) ? `${own.description} ${text}` : text,
    content: {
      ...own?.content,
      'application/problem+json': {
        schema: { $ref: '#/components/schemas/ProblemView' },
        examples: Object.fromEntries(codes.map((code) => [code, exampleReference(code)])),
      },
    },
  };
}
