import { Readable } from 'node:stream';

import { StreamableFile } from '@nestjs/common';

import { type ErrorCode, errors } from '../../catalogue/errors.js';
import { AppError } from '../errors/app-error.js';
import { decodeAnswer, encodeAnswer, isFinal, problemAgain, problemAnswer } from './kept-answer.js';

describe('An answer that is kept for repetitions', () => {
  it.each(Object.keys(errors) as ErrorCode[])(
    '[PE-10] %s is final, or may go otherwise',
    (code) => {
      const { status, category } = errors[code];
      const passing = [400, 401, 403, 408, 429].includes(status) || status >= 500;
      const final = isFinal(new AppError(code));
      if (passing && category !== 'client') expect(final).toBe(false);
      if (status === 429 || status >= 500) expect(final).toBe(false);
      if (status === 409 && category === 'client' && code !== 'resource.conflict') {
        expect(final).toBe(true);
      }
    },
  );

  it('[PE-10] comes back as it was', () => {
    const answer = { status: 201, headers: { location: '/a' }, body: { at: new Date(0), n: null } };
    expect(decodeAnswer(encodeAnswer(answer)!)).toEqual({
      ...answer,
      body: { at: '1970-01-01T00:00:00.000Z', n: null },
    });
    const nothing = { status: 204, headers: {} };
    expect(decodeAnswer(encodeAnswer(nothing)!)).toEqual(nothing);
  });

  it('[PE-10] a problem says the same, and that it is a repetition', () => {
    const error = new AppError('users.email_taken', { detail: 'so', cause: new Error('secret') });
    const kept = encodeAnswer(problemAnswer(error))!;
    expect(kept.toString()).not.toContain('secret');
    const { problem } = decodeAnswer(kept) as { problem: Parameters<typeof problemAgain>[0] };
    expect(problemAgain(problem)).toMatchObject({
      code: 'users.email_taken',
      context: { detail: 'so', headers: { 'idempotency-replayed': 'true' } },
    });
  });

  it.each([
    ['a stream', Readable.from([])],
    ['a file', new StreamableFile(Buffer.from('x'))],
    ['bytes', Buffer.from('x')],
    ['much', { text: 'x'.repeat(70_000) }],
  ])('[PE-10] %s is not kept', (_name, body) => {
    expect(encodeAnswer({ status: 200, headers: {}, body })).toBeUndefined();
  });
});
