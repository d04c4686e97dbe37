/**
 * Every metric of `/metrics`: name, kind, help and labels. Labels are bounded: route patterns,
 * never paths; names of our own tables, never input.
 */
export interface MetricDefinition {
  kind: 'counter' | 'gauge' | 'histogram';
  help: string;
  labels: readonly string[];
  /** Upper bounds in the unit of the name (seconds). Histograms only. */
  buckets?: readonly number[];
}

const requestBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10];

export const metrics = {
  http_request_duration_seconds: {
    kind: 'histogram',
    help: 'Time from the first byte of a request to the last byte of its answer',
    labels: ['method', 'route', 'status'],
    buckets: requestBuckets,
  },
  http_requests_total: {
    kind: 'counter',
    help: 'Answered requests',
    labels: ['method', 'route', 'status'],
  },
  http_requests_in_progress: {
    kind: 'gauge',
    help: 'Requests being answered now',
    labels: [],
  },
  auth_attempts_total: {
    kind: 'counter',
    help: 'Attempts to register, sign in, step up, refresh or set up, by outcome',
    labels: ['status', 'type'],
  },
  auth_lockouts_total: {
    kind: 'counter',
    help: 'Waits that failed attempts brought, for one network or for a name',
    labels: ['scope'],
  },
  audit_log_entries: {
    kind: 'gauge',
    help: 'Entries of the audit log, as this instance has last extended it',
    labels: [],
  },
  audit_log_lag_seconds: {
    kind: 'gauge',
    help: 'Age of the oldest event that has no place in the audit log yet',
    labels: [],
  },
  audit_witness_answers_total: {
    kind: 'counter',
    help: 'Checkpoints given to witnesses, by outcome; `refused` may mean that the log is not what it was',
    labels: ['witness', 'outcome'],
  },
  audit_log_failures_total: {
    kind: 'counter',
    help: 'Tries to extend the audit log that failed; more than a few mean that it is broken',
    labels: [],
  },
  database_query_duration_seconds: {
    kind: 'histogram',
    help: 'Time of database statements, waiting for a connection not included',
    labels: ['operation', 'table'],
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 2],
  },
  database_errors_total: {
    kind: 'counter',
    help: 'Failed database statements by SQLSTATE class (`connection` when there was no answer)',
    labels: ['class'],
  },
  database_pool_connections: {
    kind: 'gauge',
    help: 'Connections of the pool by state: active, idle; `waiting` counts requests for one',
    labels: ['state'],
  },
  database_pool_acquire_seconds: {
    kind: 'histogram',
    help: 'Time a request waited for a pool connection',
    labels: [],
    buckets: [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 2],
  },
  redis_command_duration_seconds: {
    kind: 'histogram',
    help: 'Time of Redis commands and scripts, by name',
    labels: ['operation'],
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5],
  },
  redis_errors_total: {
    kind: 'counter',
    help: 'Failed Redis commands and scripts, by name',
    labels: ['operation'],
  },
  outgoing_request_duration_seconds: {
    kind: 'histogram',
    help: 'Time of calls to other services, tries and waiting included, by host (50 at most, then `other`) and outcome: class of the status, or why there was no answer',
    labels: ['host', 'outcome'],
    buckets: [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30],
  },
  outgoing_breaker_state: {
    kind: 'gauge',
    help: 'Whether a host is called: 0 yes, 1 on trial, 2 not for a while; from its first failure on',
    labels: ['host'],
  },
  cache_hits_total: {
    kind: 'counter',
    help: 'Look-ups answered by a cache',
    labels: ['cache_type'],
  },
  cache_misses_total: {
    kind: 'counter',
    help: 'Look-ups a cache had to load',
    labels: ['cache_type'],
  },
  password_hash_queue_length: {
    kind: 'gauge',
    help: 'Password hashes waiting for a worker',
    labels: [],
  },
  overload_refusals_total: {
    kind: 'counter',
    help: 'Work refused because too much waits: event_loop, database_pool, password_hashes',
    labels: ['reason'],
  },
  password_hash_duration_seconds: {
    kind: 'histogram',
    help: 'Time of one password hash, waiting not included',
    labels: ['algorithm'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1],
  },
  throttled_requests_total: {
    kind: 'counter',
    help: 'Requests refused by a rate limit',
    labels: ['policy'],
  },
  idempotent_requests_total: {
    kind: 'counter',
    help: 'Requests with Idempotency-Key by outcome: first, replayed, key_reused, in_progress, answer_gone',
    labels: ['outcome'],
  },
  limit_decisions_total: {
    kind: 'counter',
    help: 'Decisions of rate limits by where they were made: local, redis, or fallback (local since Redis is away)',
    labels: ['store'],
  },
  blocked_requests_total: {
    kind: 'counter',
    help: 'Requests refused by a block, by what is blocked: network, user or api-key',
    labels: ['kind'],
  },
  csp_reports_total: {
    kind: 'counter',
    help: 'Violations of a Content-Security-Policy that browsers reported, by surface, directive and what was blocked',
    labels: ['surface', 'directive', 'blocked'],
  },
  files_uploaded_total: {
    kind: 'counter',
    help: 'Uploads by outcome: kept, refused (our rules or quota), broken_off (by the client), failed',
    labels: ['outcome'],
  },
  files_scanned_total: {
    kind: 'counter',
    help: 'Scans of files by outcome: clean, infected, failed (repeated)',
    labels: ['outcome'],
  },
  mails_total: {
    kind: 'counter',
    help: 'Mails by outcome: sent, refused (for ever), expired (unsent when worthless), given_up, too_many',
    labels: ['mail', 'outcome'],
  },
  queue_jobs: {
    kind: 'gauge',
    help: 'Jobs by state: ready, scheduled, running, failed; measured by processes that work on them',
    labels: ['state'],
  },
  queue_jobs_total: {
    kind: 'counter',
    help: 'Tries of jobs by outcome: success, retry, failed (given up)',
    labels: ['task', 'outcome'],
  },
  queue_job_duration_seconds: {
    kind: 'histogram',
    help: 'Time of one try of a job',
    labels: ['task'],
    buckets: [0.005, 0.01, 0.05, 0.1, 0.5, 1, 2, 5, 10, 30, 60],
  },
  log_lines_dropped_total: {
    kind: 'counter',
    help: 'Log lines lost because the reader of the log is blocked',
    labels: [],
  },
  gatehouse_build_info: {
    kind: 'gauge',
    help: 'Always 1; the labels tell what runs',
    labels: ['version', 'commit', 'node'],
  },
} as const satisfies Record<string, MetricDefinition>;

export type MetricName = keyof typeof metrics;
