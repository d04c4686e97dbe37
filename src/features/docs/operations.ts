import { limitPolicies } from '../../catalogue/limits.js';
import { unlimited } from '../../platform/throttling/limit.decorator.js';
import { requestHeadersOf } from './headers.js';
import { completeResponses } from './responses.js';
import type { RouteRules } from './routes.js';
import { completeParameter } from './schemas.js';
import { tagOf } from './tags.js';
import { type Operation, type Traits, traitsOf } from './traits.js';

/** Adds what the code says outside of the handler: who may call it, how often, what may go wrong. */
export function completeOperation(
  path: string,
  method: string,
  operation: Operation,
  rules: RouteRules | undefined,
): void {
  const traits = traitsOf(method, operation, rules);
  const { summary, rest } = splitComment(operation.summary ?? '');
  operation.summary = summary;
  operation.description = [
    rest,
    repetitionSentence(traits),
    accessSentence(traits),
    limitSentence(traits),
  ]
    .filter((sentence) => sentence !== '')
    .join('\n\n');
  operation.tags = [tagOf(path)];
  operation.security = securityOf(traits);
  if (traits.permission) operation['x-permission'] = traits.permission;
  if (traits.stepUp) operation['x-step-up'] = true;
  if (traits.sessionOnly) operation['x-session-only'] = true;
  operation['x-rate-limit'] = traits.limit;
  if (rules?.routeClass) operation['x-route-class'] = rules.routeClass;
  for (const parameter of operation.parameters ?? []) {
    if ('$ref' in parameter || !parameter.schema) continue;
    if (parameter.in === 'path') parameter.description ??= pathParameter(path, parameter.name);
    completeParameter(parameter.schema, parameter.name);
  }
  (operation.parameters ??= []).push(...requestHeadersOf(traits));
  completeResponses(operation, traits);
}

/** The first sentence of a comment is the summary, the others begin the description. */
function splitComment(comment: string): { summary: string; rest: string } {
  const [first = '', ...others] = comment
    .replace(/\s+/g, ' ')
    .trim()
    .split(/(?<=[.!?]) /);
  return { summary: first.replace(/\.$/, ''), rest: others.join(' ') };
}

function repetitionSentence({ repeatable }: Traits): string {
  if (!repeatable) return '';
  return repeatable === 'answer'
    ? 'With `Idempotency-Key` it is done once, and a repetition within 24 hours gets the first answer.'
    : 'With `Idempotency-Key` it is done once; its answer holds a secret and is given once as well.';
}

function accessSentence({ guarded, permission, sessionOnly, stepUp }: Traits): string {
  if (!guarded) return 'Anybody may call it.';
  const who = permission
    ? `Needs the permission \`${permission}\`.`
    : `Anybody ${sessionOnly ? 'who signed in' : 'with a credential'} may call it, for what is their own.`;
  return stepUp ? `${who} The sign-in must be recent: step up first if it is not.` : who;
}

function limitSentence({ limit, sessionOnly }: Traits): string {
  if (limit === unlimited) return 'No limit counts it.';
  const { quota, windowSeconds } = limitPolicies[limit];
  const others = limit === 'user' && !sessionOnly ? ' API keys have the limit `api-key`.' : '';
  return `Counted by the limit \`${limit}\`: ${quota} requests in ${windowSeconds} seconds.${others}`;
}

/** What may be sent, one of them. A browser's cookies need the token beside them for a change. */
function securityOf({ guarded, sessionOnly, writes }: Traits): Record<string, string[]>[] {
  if (!guarded) return [];
  const cookie: Record<string, string[]> = writes ? { cookie: [], csrf: [] } : { cookie: [] };
  const session = [{ bearer: [] }, cookie];
  return sessionOnly ? session : [...session, { apiKey: [] }, { apiKeyHeader: [] }];
}

/** `/users/{id}/roles` and `id` make "The id of the user." */
function pathParameter(path: string, name: string): string {
  const before = path.split(`/{${name}}`, 1)[0]!.split('/').at(-1)!;
  return `The ${name} of the ${before.replace(/s$/, '')}.`;
}
