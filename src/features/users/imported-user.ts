import {
  ArrayMaxSize,
  ArrayUnique,
  IsArray,
  IsBoolean,
  IsEmail,
  IsIn,
  IsISO8601,
  IsString,
  Length,
  MaxLength,
} from 'class-validator';

import { invalid } from '../../platform/errors/app-error.js';
import { toAppError } from '../../platform/errors/to-app-error.js';
import { Omittable } from '../../platform/http/omittable.decorator.js';
import { parseStrictJson } from '../../platform/http/strict-json.js';
import { StrictValidationPipe } from '../../platform/http/validation.pipe.js';
import { type Normalised, normaliseEmail, normaliseUsername } from './user.policy.js';

/** One line of an import, as another system or `users export` wrote it. */
export class ImportedUser {
  @IsEmail()
  @MaxLength(254)
  email: string;

  @IsString()
  @Length(3, 64)
  username: string;

  @Omittable()
  @IsString()
  @Length(1, 100)
  displayName?: string;

  /** Argon2, bcrypt, scrypt or PBKDF2 in PHC or modular crypt form. Without one: reset by mail. */
  @Omittable()
  @IsString()
  @Length(1, 500)
  passwordHash?: string;

  @Omittable()
  @IsBoolean()
  emailVerified?: boolean;

  @Omittable()
  @IsIn(['active', 'disabled'])
  status?: 'active' | 'disabled';

  @Omittable()
  @IsArray()
  @ArrayMaxSize(20)
  @ArrayUnique()
  @IsString({ each: true })
  @Length(1, 40, { each: true })
  roles?: string[];

  @Omittable()
  @IsISO8601({ strict: true })
  createdAt?: string;
}

/** A line that can be taken over, with its normalised identity. */
export interface ReadableLine {
  user: ImportedUser;
  email: Normalised;
  username: Normalised;
}

const pipe = new StrictValidationPipe();

/** What a line says, or why it cannot be read: `/email isEmail: must be …`. */
export async function readLine(text: Buffer): Promise<ReadableLine | { problem: string }> {
  try {
    const value = parseStrictJson(text);
    const metadata = { type: 'body', metatype: ImportedUser } as const;
    const user = (await pipe.transform(value, metadata)) as ImportedUser;
    if (user.createdAt !== undefined) user.createdAt = pastTime(user.createdAt);
    return { user, email: normaliseEmail(user.email), username: normaliseUsername(user.username) };
  } catch (error) {
    return { problem: problemOf(error) };
  }
}

/**
 * ISO 8601 has more forms (weeks, days of the year) than PostgreSQL reads: one such line would cost
 * all others of its batch.
 */
function pastTime(text: string): string {
  const time = new Date(text);
  if (time.getTime() >= 0 && time.getTime() <= Date.now()) return time.toISOString();
  throw invalid('/createdAt', 'pastTime', 'must be a date or time since 1970 (RFC 3339)');
}

function problemOf(error: unknown): string {
  const { context, definition } = toAppError(error);
  const fields = context.errors ?? [];
  if (fields.length === 0) return context.detail ?? definition.title;
  return fields
    .map(({ pointer, rule, message }) => `${pointer} ${rule}: ${message}`.trimStart())
    .join('; ');
}
