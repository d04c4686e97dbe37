import type { ErrorCode } from '../../catalogue/errors.js';
import { AppError, type FieldError } from '../errors/app-error.js';

/** The first answer, as it is sealed and given again. */
export type KeptAnswer =
  { status: number; headers: Record<string, string>; body?: unknown } | { problem: KeptProblem };

interface KeptProblem {
  code: ErrorCode;
  detail?: string | undefined;
  errors?: readonly FieldError[] | undefined;
}

/** Headers that belong to the answer; the others belong to the request that gets it. */
export const keptHeaders = ['location'] as const;

/** Larger ones are not kept: what they did is, and that it was done. */
const maxBytes = 65_536;

/** Says that the change was done by a request before this one, and this is its answer. */
export const replayed = { 'idempotency-replayed': 'true' } as const;

/**
 * Whether a failure is the answer for good. Where nothing was done and the next try may go
 * otherwise (input, rights, limits, a dependency, a conflict of two transactions) it is not.
 */
export function isFinal({ code, definition: { category, status } }: AppError): boolean {
  return category === 'client' && status !== 429 && code !== 'resource.conflict';
}

/** Undefined when it cannot be kept. */
export function encodeAnswer(answer: KeptAnswer): Buffer | undefined {
  if ('body' in answer && !isPlain(answer.body)) return undefined;
  const bytes = Buffer.from(JSON.stringify(answer));
  return bytes.length <= maxBytes ? bytes : undefined;
}

export function decodeAnswer(bytes: Buffer): KeptAnswer {
  return JSON.parse(bytes.toString()) as KeptAnswer;
}

export function problemAnswer({ code, context: { detail, errors } }: AppError): KeptAnswer {
  return { problem: { code, detail, errors } };
}

/** The failure of the first request, said once more. */
export function problemAgain({ code, detail, errors }: KeptProblem): AppError {
  return new AppError(code, {
    headers: replayed,
    ...(detail !== undefined && { detail }),
    ...(errors && { errors }),
  });
}

/** Views and nothing; no stream, no buffer. */
function isPlain(body: unknown): boolean {
  if (typeof body !== 'object' || body === null) return typeof body !== 'function';
  return !(body instanceof Uint8Array) && !('getStream' in body) && !('pipe' in body);
}
