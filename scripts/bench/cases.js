/** What is measured: the data, the callers, and a job for the load process for each case. */
import { Algorithm, hash } from '@node-rs/argon2';
import pg from 'pg';

const userCount = 1_000;
const pageSize = 50;
const connections = 32;
/** More would only wait: password hashes are computed one a processor. */
const loginConnections = 16;
const password = 'a ship in port is safe';

const emailOf = (number) => `user${number}@example.com`;

/** A thousand verified users with one password, a second apart. */
export async function seed({ ownerUrl }) {
  const passwordHash = await hash(password, {
    algorithm: Algorithm.Argon2id,
    memoryCost: 19_456,
    timeCost: 2,
    parallelism: 1,
  });
  const client = new pg.Client({ connectionString: ownerUrl });
  await client.connect();
  await client.query(
    `WITH made AS (
       INSERT INTO users (id, email, email_key, username, username_key, password_hash,
                          email_verified_at, created_at)
       SELECT gen_random_uuid(), 'user' || n || '@example.com', 'user' || n || '@example.com',
              'user' || n, 'user' || n, $1, now(), now() - make_interval(secs => n)
       FROM generate_series(1, $2::int) AS n RETURNING id)
     INSERT INTO user_roles (user_id, role_name) SELECT id, 'member' FROM made`,
    [passwordHash, userCount],
  );
  await client.query('ANALYZE');
  await client.end();
  return passwordHash;
}

/**
 * Signs users in and gives the cases as functions from a server and seconds to a job.
 * @param administrator may list users on Gatehouse
 */
export async function prepareCases(ours, bare, administrator, passwordHash) {
  const numbers = Array.from({ length: connections }, (_, index) => index + 1);
  const signIn = ({ url }, identifier) =>
    post(`${url}/api/v1/auth/login`, { identifier, password });
  const signInAll = async (server) => {
    const answers = [];
    for (const number of numbers) answers.push(await signIn(server, emailOf(number)));
    return answers;
  };
  const callers = new Map([
    [ours, await signInAll(ours)],
    [bare, await signInAll(bare)],
  ]);
  // Both servers rotate sessions that Gatehouse opened; each has its own.
  const chains = new Map([
    [ours, (await signInAll(ours)).map(({ refreshToken }) => refreshToken)],
    [bare, (await signInAll(ours)).map(({ refreshToken }) => refreshToken)],
  ]);
  const root = await post(`${ours.url}/api/v1/auth/login`, {
    identifier: administrator.email,
    password: administrator.password,
  });
  const listers = new Map([
    [ours, root.accessToken],
    [bare, callers.get(bare)[0].accessToken],
  ]);
  const pages = await pagesOf(ours, root.accessToken);
  const logins = Array.from({ length: userCount }, (_, index) => ({
    method: 'POST',
    path: '/api/v1/auth/login',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ identifier: emailOf(index + 1), password }),
  }));

  return {
    me: (server, seconds) => ({
      kind: 'requests',
      url: server.url,
      seconds,
      perConnection: callers
        .get(server)
        .map(({ accessToken }) => [{ path: '/api/v1/users/me', headers: bearer(accessToken) }]),
    }),
    list: (server, seconds) => ({
      kind: 'requests',
      url: server.url,
      seconds,
      perConnection: numbers.map(() =>
        pages.map((path) => ({ path, headers: bearer(listers.get(server)) })),
      ),
    }),
    refresh: (server, seconds) => ({
      kind: 'refresh',
      url: `${server.url}/api/v1/auth/refresh`,
      seconds,
      tokens: chains.get(server),
      done: ({ tokens }) => chains.set(server, tokens),
    }),
    login: (server, seconds) => ({
      kind: 'requests',
      url: server.url,
      seconds,
      perConnection: Array.from({ length: loginConnections }, (_, connection) =>
        logins.filter((_, index) => index % loginConnections === connection),
      ),
    }),
    hash: (_server, seconds) => ({
      kind: 'hashes',
      hash: passwordHash,
      password,
      concurrency: loginConnections,
      seconds,
    }),
  };
}

/** Paths of all full pages after the first one. */
async function pagesOf({ url }, token) {
  const paths = [];
  let path = `/api/v1/users?limit=${pageSize}`;
  for (;;) {
    const answer = await fetch(`${url}${path}`, { headers: bearer(token) });
    const { nextCursor } = await answer.json();
    if (!nextCursor) return paths.slice(0, -1); // the last page is not full
    path = `/api/v1/users?limit=${pageSize}&cursor=${nextCursor}`;
    paths.push(path);
  }
}

const bearer = (token) => ({ authorization: `Bearer ${token}` });

async function post(url, body) {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}
