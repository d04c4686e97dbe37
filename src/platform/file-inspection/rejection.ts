import type { ErrorCode } from '../../catalogue/errors.js';
import { AppError } from '../errors/app-error.js';

type Refusal = Extract<ErrorCode, 'files.type_not_allowed' | 'files.content_refused'>;

/** The refusal of a file, naming the rule that it breaks. */
export function rejected(code: Refusal, rule: string, message: string): AppError {
  const errors = [{ pointer: '/file', rule, message }];
  if (code === 'files.type_not_allowed') return new AppError('files.type_not_allowed', { errors });
  return new AppError('files.content_refused', { errors });
}
