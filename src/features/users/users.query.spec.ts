import { AppError } from '../../platform/errors/app-error.js';
import type { User } from './user.entity.js';
import { cursorOf, orderOf, positionOf } from './users.query.js';

const user = {
  id: '0199a0b0-7c1e-7b52-8f4d-3f1d2c9a6b10',
  createdAt: new Date('2026-01-02T03:04:05.678Z'),
  emailKey: 'ada@example.com',
  usernameKey: 'ada',
} as User;

describe('User list cursors', () => {
  it.each(['createdAt', '-createdAt', 'email', '-username'] as const)(
    '[DA-03] a cursor for %s leads back to its row',
    (sort) => {
      const order = orderOf(sort);
      expect(positionOf(cursorOf(user, order), order)).toMatchObject({ id: user.id });
    },
  );

  it.each([
    ['nonsense', '!!'],
    ['JSON of another kind', Buffer.from('{"a":1}').toString('base64url')],
    ['a null', Buffer.from('null').toString('base64url')],
    ['a date that is none', Buffer.from(`["createdAt","x","${user.id}"]`).toString('base64url')],
    [
      'a date of another form',
      Buffer.from(`["createdAt","2020-01-01 (x)","${user.id}"]`).toString('base64url'),
    ],
    ['an id that is none', Buffer.from('["createdAt","2026-01-01",1]').toString('base64url')],
    ['another order', cursorOf(user, orderOf('email'))],
  ])('[PE-06] %s is refused', (_name, cursor) => {
    expect(() => positionOf(cursor, orderOf('createdAt'))).toThrow(AppError);
  });
});
