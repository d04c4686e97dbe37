/**
 * The measure of all things: the same work in bare Fastify, jsonwebtoken, Argon2 and pg, without
 * the hardening. No validation, limits, security headers, log, metrics, audit trail or sessions
 * that can be ended; otherwise written as fast as one sensibly would.
 */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  randomBytes,
  randomUUID,
} from 'node:crypto';

import { verify } from '@node-rs/argon2';
import fastify from 'fastify';
import jwt from 'jsonwebtoken';
import pg from 'pg';

const privateKey = createPrivateKey(process.env.SIGNING_KEY);
const publicKey = createPublicKey(privateKey);
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 20, min: 5 });
const app = fastify({ logger: false });

const columns = `id, email, username, display_name AS "displayName", status,
  (SELECT coalesce(json_agg(role_name ORDER BY role_name), '[]') FROM user_roles
   WHERE user_id = users.id) AS roles,
  email_verified_at IS NOT NULL AS "emailVerified", created_at AS "createdAt",
  last_login_at AS "lastLoginAt"`;
const statements = {
  byId: `SELECT ${columns} FROM users WHERE id = $1`,
  byEmail: 'SELECT id, password_hash AS "passwordHash" FROM users WHERE email_key = $1',
  page: `SELECT ${columns} FROM users WHERE (created_at, id) < ($1, $2)
         ORDER BY created_at DESC, id DESC LIMIT $3`,
  rotate: `UPDATE sessions
           SET previous_hash = secret_hash, secret_hash = $3, generation = generation + 1,
               rotated_at = now(), last_used_at = now(),
               idle_expires_at = least(now() + interval '14 days', expires_at)
           WHERE family_hash = $1 AND secret_hash = $2 AND idle_expires_at > now()
           RETURNING id, user_id AS "userId"`,
};

/** Prepared once a connection. */
async function rows(name, values) {
  return (await pool.query({ name, text: statements[name], values })).rows;
}

function issue(userId) {
  return jwt.sign({ sub: userId, jti: randomUUID() }, privateKey, {
    algorithm: 'RS256',
    issuer: 'bare',
    audience: 'bare',
    expiresIn: 3600,
  });
}

function callerOf({ headers: { authorization = '' } }) {
  return jwt.verify(authorization.slice('Bearer '.length), publicKey, {
    algorithms: ['RS256'],
    issuer: 'bare',
    audience: 'bare',
  }).sub;
}

const sha256 = (bytes) => createHash('sha256').update(bytes).digest();

app.get('/health/ready', async () => {
  await pool.query('SELECT 1');
  return { status: 'ok' };
});

app.get('/api/v1/users/me', async (request) => (await rows('byId', [callerOf(request)]))[0]);

app.get('/api/v1/users', async (request) => {
  callerOf(request);
  const [, createdAt, id] = JSON.parse(Buffer.from(request.query.cursor, 'base64url'));
  const limit = Number(request.query.limit);
  const found = await rows('page', [createdAt, id, limit + 1]);
  const items = found.slice(0, limit);
  const last = items.at(-1);
  const next = found.length > limit ? ['createdAt', last.createdAt, last.id] : null;
  return { items, nextCursor: next && Buffer.from(JSON.stringify(next)).toString('base64url') };
});

app.post('/api/v1/auth/login', async (request, reply) => {
  const { identifier, password } = request.body;
  const [user] = await rows('byEmail', [identifier]);
  if (!user || !(await verify(user.passwordHash, password))) return reply.code(401).send();
  return { accessToken: issue(user.id), tokenType: 'Bearer', expiresIn: 3600 };
});

app.post('/api/v1/auth/refresh', async (request, reply) => {
  const token = Buffer.from(request.body.refreshToken, 'base64url');
  const family = token.subarray(0, 16);
  const secret = randomBytes(32);
  const hashOf = (part) => sha256(part.toString('base64url'));
  const [session] = await rows('rotate', [
    hashOf(family),
    hashOf(token.subarray(16)),
    hashOf(secret),
  ]);
  if (!session) return reply.code(401).send();
  return {
    accessToken: issue(session.userId),
    tokenType: 'Bearer',
    expiresIn: 3600,
    refreshToken: Buffer.concat([family, secret]).toString('base64url'),
  };
});

process.on('SIGTERM', () => process.exit(0));
await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT) });
