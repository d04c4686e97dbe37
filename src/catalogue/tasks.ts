import type { MailName } from './mails.js';

/**
 * Work that is done apart from the request that asks for it: kept in the database until done,
 * repeated when it fails. A task runs at least once, so its handler must bear a repetition.
 */
export interface TaskDefinition {
  description: string;
  /** When it runs by itself, once for all instances, in cron's five fields (UTC). */
  cron?: string;
  /** Tries before it is given up: 25 take about three days, with growing pauses. */
  maxAttempts: number;
  /** What a job has to know is encrypted while it waits: addresses, links, credentials. */
  sealed: boolean;
}

/** Declares one task; the type parameter is what a job of it has to know. */
function task<Payload extends object>(
  description: string,
  { cron, maxAttempts = 25, sealed = false }: Partial<Omit<TaskDefinition, 'description'>> = {},
) {
  return {
    description,
    maxAttempts,
    sealed,
    ...(cron !== undefined && { cron }),
  } as TaskDefinition & {
    /** Type only: carries the payload type. */
    payload?: Payload;
  };
}

/** What a task that runs by the clock has to know. */
type Nothing = Record<string, never>;

/** One mail to one address; see `mails.ts`. */
export interface Letter {
  id: string;
  name: MailName;
  to: string;
  data: Record<string, string>;
  /** Milliseconds since 1970; after it the mail is worth nothing. */
  until: number | null;
}

/** An account that is made apart from the request that asked for it. */
export interface PrivateRegistration {
  id: string;
  email: string;
  username: string;
  passwordHash: string;
}

export const tasks = {
  'addresses.confirm_again': task<{ email: string }>(
    'Send the link that confirms an address once more, if an account waits for it',
    { sealed: true },
  ),
  'idempotency.clean_up': task<Nothing>('Forget answers that were kept for a day', {
    cron: '3 * * * *',
  }),
  'blocks.clean_up': task<Nothing>('Forget blocks that were over a day ago', {
    cron: '33 4 * * *',
  }),
  'files.clean_up': task<Nothing>(
    'Remove content whose file is deleted, uploads that broke off; ask again for overdue scans',
    { cron: '13 4 * * *' },
  ),
  'files.scan': task<{ fileId: string }>('Scan an uploaded file, then release or remove it'),
  'audit.add_months': task<Nothing>('Make room in the audit trail for the next two months', {
    cron: '3 4 * * *',
  }),
  'keys.check': task<Nothing>('Follow a signing key that is old, remove keys that are over', {
    cron: '7 * * * *',
  }),
  'limit_usage.clean_up': task<Nothing>(
    'Add up minutes of usage to hours, and remove those of a month ago',
    { cron: '43 4 * * *' },
  ),
  'mail.clean_up': task<Nothing>('Forget how many mails addresses were sent', {
    cron: '53 3 * * *',
  }),
  'mail.send': task<Letter>('Deliver one mail', { sealed: true }),
  'one_time_tokens.clean_up': task<Nothing>('Remove tokens that nobody used in time', {
    cron: '23 3 * * *',
  }),
  'passwords.forgotten': task<{ email: string }>(
    'Send the link that sets a new password, if the address has an account',
    { sealed: true },
  ),
  'queue.clean_up': task<Nothing>('Remove jobs that were given up two weeks ago', {
    cron: '43 3 * * *',
  }),
  'users.erase': task<Nothing>('Erase deleted accounts whose time is over', {
    cron: '23 3 * * *',
  }),
  'lockout.clean_up': task<Nothing>('Forget failed attempts and devices that count no more', {
    cron: '23 3 * * *',
  }),
  'mfa.clean_up': task<Nothing>('Remove sign-ins that never got their second factor', {
    cron: '33 3 * * *',
  }),
  'registration.private': task<PrivateRegistration>(
    'Make an account, or tell the owner of the address that there is one',
    { sealed: true },
  ),
  'sessions.clean_up': task<Nothing>('Remove sessions that are over', { cron: '13 3 * * *' }),
};

export type TaskName = keyof typeof tasks;

export type TaskPayload<N extends TaskName> = NonNullable<(typeof tasks)[N]['payload']>;
