import { deepStrictEqual, ok, strictEqual } from 'node:assert';

import createClient from 'openapi-fetch';

/** Generated from /openapi.json by `test/integration/openapi-client.spec.ts`, which runs this. */
import type { components, paths } from 'gatehouse-api';

type User = components['schemas']['UserView'];
type Problem = components['schemas']['ProblemView'];

const [baseUrl = '', administrator = '', administratorPassword = ''] = process.argv.slice(2);
const password = 'a ship in port is safe';

const api = createClient<paths>({ baseUrl });

/** A client that is signed in, and the tokens behind it. */
async function signIn(identifier: string, secret: string) {
  const { data } = await api.POST('/api/v1/auth/login', {
    body: { identifier, password: secret },
  });
  ok(data && 'accessToken' in data, 'signed in');
  strictEqual(data.tokenType, 'Bearer');
  const headers = { authorization: `Bearer ${data.accessToken}` };
  return { tokens: data, client: createClient<paths>({ baseUrl, headers }) };
}

const registered = await api.POST('/api/v1/auth/register', {
  body: { email: 'ada@example.com', username: 'ada', password, passwordConfirmation: password },
});
const ada: User | undefined = registered.data;
ok(ada, 'registered');
deepStrictEqual(ada.roles, ['member']);

const again = await api.POST('/api/v1/auth/register', {
  body: {
    email: 'ada@example.com',
    username: 'lovelace',
    password,
    passwordConfirmation: password,
  },
});
const problem: Problem | undefined = again.error;
strictEqual(problem?.code, 'users.email_taken');

const { tokens, client } = await signIn('ada', password);
const me = await client.GET('/api/v1/users/me');
strictEqual(me.data?.id, ada.id);
const lastLogin: string | null | undefined = me.data?.lastLoginAt;
ok(lastLogin);

const renamed = await client.PATCH('/api/v1/users/me', { body: { displayName: 'Ada Lovelace' } });
strictEqual(renamed.data?.displayName, 'Ada Lovelace');

const refused = await client.GET('/api/v1/users');
strictEqual(refused.response.status, 403);
strictEqual(refused.error?.code, 'access.denied');

const refreshed = await api.POST('/api/v1/auth/refresh', {
  body: { refreshToken: tokens.refreshToken },
});
ok(
  refreshed.data &&
    'refreshToken' in refreshed.data &&
    refreshed.data.refreshToken !== tokens.refreshToken,
  'refreshed',
);

const admin = await signIn(administrator, administratorPassword);
const page = await admin.client.GET('/api/v1/users', {
  params: { query: { limit: 10, sort: 'email', status: 'active' } },
});
ok(page.data, 'listed');
ok(page.data.items.some((user) => user.id === ada.id));
strictEqual(page.data.nextCursor, null);

const assigned = await admin.client.PUT('/api/v1/users/{id}/roles', {
  params: { path: { id: ada.id } },
  body: { roles: ['member', 'auditor'] },
});
deepStrictEqual(assigned.data?.roles.toSorted(), ['auditor', 'member']);

const role = await admin.client.POST('/api/v1/roles', {
  body: { name: 'support', description: 'Answers questions', permissions: ['users.read'] },
});
strictEqual(role.data?.builtIn, false);
const gone = await admin.client.DELETE('/api/v1/roles/{name}', {
  params: { path: { name: 'support' } },
});
strictEqual(gone.response.status, 204);

strictEqual((await client.POST('/api/v1/auth/logout')).response.status, 204);
strictEqual((await client.GET('/api/v1/users/me')).error?.code, 'auth.invalid_token');

/** Never called: what the types must refuse. */
export async function refusedByTypes(): Promise<void> {
  // @ts-expect-error -- the body is demanded
  await api.POST('/api/v1/auth/login', {});
  // @ts-expect-error -- there is no such permission
  await api.POST('/api/v1/roles', { body: { name: 'x', description: 'x', permissions: ['all'] } });
  // @ts-expect-error -- there is no such order
  await api.GET('/api/v1/users', { params: { query: { sort: 'age' } } });
  // @ts-expect-error -- there is no such route
  await api.GET('/api/v1/nothing');
}

process.stdout.write('the client works\n');
