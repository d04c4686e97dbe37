import { isUUID } from 'class-validator';

import { invalid } from '../../platform/errors/app-error.js';
import { hasForbiddenCharacters } from '../../platform/http/strict-json.js';
import type { User } from './user.entity.js';

/** Columns a list can be ordered by; each has an index on (column, id). */
const sortable = { createdAt: 'created_at', email: 'email_key', username: 'username_key' } as const;
type Sortable = keyof typeof sortable;

export type UserSort = Sortable | `-${Sortable}`;
export const userSorts = Object.keys(sortable).flatMap((name) => [name, `-${name}`]) as UserSort[];

export interface SortOrder {
  field: Sortable;
  column: string;
  descending: boolean;
}

export function orderOf(sort: UserSort = '-createdAt'): SortOrder {
  const field = sort.replace('-', '') as Sortable;
  return { field, column: sortable[field], descending: sort.startsWith('-') };
}

/** Where a page ends: the value of the sort column and the id of the last row. */
export interface Position {
  value: string;
  id: string;
}

export function cursorOf(user: User, { field }: SortOrder): string {
  const value = {
    createdAt: user.createdAt.toISOString(),
    email: user.emailKey,
    username: user.usernameKey,
  }[field];
  return Buffer.from(JSON.stringify([field, value, user.id])).toString('base64url');
}

/** @throws AppError `validation.failed` when it was not made by {@link cursorOf} for this order */
export function positionOf(cursor: string, { field }: SortOrder): Position {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    const [madeFor, value, id] = parsed as [unknown, unknown, unknown];
    const fits = madeFor === field && typeof value === 'string' && isUUID(id);
    if (fits && (field === 'createdAt' ? isTimestamp(value) : !hasForbiddenCharacters(value))) {
      return { value, id: id as string };
    }
  } catch {
    // falls through: said below like every other wrong cursor
  }
  throw invalid('/query/cursor', 'cursor', 'must be the nextCursor of a page in the same order');
}

/** In the one form that {@link cursorOf} writes; `Date.parse` would read far more. */
function isTimestamp(value: string): boolean {
  const date = new Date(value);
  return !Number.isNaN(date.getTime()) && date.toISOString() === value;
}
