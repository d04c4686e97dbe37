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
}

/** Declares one task; the type parameter is what a job of it has to know. */
function task<Payload extends object>(
  description: string,
  { cron, maxAttempts = 25 }: Partial<Omit<TaskDefinition, 'description'>> = {},
) {
  return { description, maxAttempts, ...(cron !== undefined && { cron }) } as TaskDefinition & {
    /** Type only: carries the payload type. */
    payload?: Payload;
  };
}

/** What a task that runs by the clock has to know. */
type Nothing = Record<string, never>;

export const tasks = {
  'keys.check': task<Nothing>('Follow a signing key that is old, remove keys that are over', {
    cron: '7 * * * *',
  }),
  'mail.send': task<{ sealed: string }>('Deliver one mail; what it says is sealed'),
  'one_time_tokens.clean_up': task<Nothing>('Remove tokens that nobody used in time', {
    cron: '23 3 * * *',
  }),
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
  'sessions.clean_up': task<Nothing>('Remove sessions that are over', { cron: '13 3 * * *' }),
};

export type TaskName = keyof typeof tasks;

export type TaskPayload<N extends TaskName> = NonNullable<(typeof tasks)[N]['payload']>;
